#!/usr/bin/env bash
# Installs the editing programs that tests/editors runs, on Debian 12 or later. Run it again at will: what is
# there stays. Without root rights it uses sudo.
#
#   tests/editors/setup.sh                   melt, xmllint, OpenShot, GStreamer Editing Services, Blender as a module, node, Chromium
#   tests/editors/setup.sh --with-kdenlive   also Kdenlive 26.08 and Ardour's libaaf, in a Debian root of their own
#                                            (2.5 GB, some minutes)
#   tests/editors/setup.sh --only-blender    Blender as a module, nothing else
#   tests/editors/setup.sh --only-panel      node and Chromium, for the panel of Premiere Pro, nothing else
#
# Blender, the adapter and the Debian root go to ${AVM_EDITORS:-~/.cache/avm-otio-editors}. Packages come from wherever this
# machine's apt and pip are set up to get theirs.
set -euo pipefail

home=${AVM_EDITORS:-$HOME/.cache/avm-otio-editors}
with_kdenlive=no
only_blender=no
only_panel=no
for argument in "$@"; do
    case $argument in
        --with-kdenlive) with_kdenlive=yes ;;
        --only-blender) only_blender=yes ;;
        --only-panel) only_panel=yes ;;
        *) echo "usage: $0 [--with-kdenlive | --only-blender | --only-panel]" >&2; exit 2 ;;
    esac
done
as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)

linked_to_blender=(libxrender1 libxxf86vm1 libxfixes3 libxi6 libxkbcommon0 libsm6 libgl1 libegl1)
panel=(chromium fonts-noto-cjk)
command -v node >/dev/null && command -v npm >/dev/null || panel+=(nodejs npm)
if [ $only_blender = yes ]; then packages=("${linked_to_blender[@]}")
elif [ $only_panel = yes ]; then packages=("${panel[@]}")
else packages=("${linked_to_blender[@]}" "${panel[@]}" melt libxml2-utils openshot-qt ges1.0-tools gstreamer1.0-plugins-good
    gstreamer1.0-libav python3-venv libreoffice-calc-nogui)
fi
[ $with_kdenlive = no ] || packages+=(debootstrap)
echo "Programs of this system: ${packages[*]}"
missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
    "${as_root[@]}" apt-get update
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
fi

[ $only_panel = no ] || exit 0

mkdir -p "$home"
if [ ! -e "$home/bpy/done" ]; then
    # Blender's module is built for one version of Python: 5.0 for 3.11.
    python=$(command -v python3.11 || true)
    if [ -z "$python" ]; then
        echo "Blender is left out: its module needs Python 3.11, and there is no python3.11." >&2
    else
        echo "Blender 5.0.1 as a Python module: $home/bpy"
        "$python" -m venv --clear "$home/bpy"
        "$home/bpy/bin/pip" install --quiet --disable-pip-version-check bpy==5.0.1
        if ! "$home/bpy/bin/python" -c "import bpy"; then
            rm -rf "$home/bpy"
            echo "Blender's module does not load on this machine." >&2
            exit 1
        fi
        touch "$home/bpy/done"
    fi
fi
[ $only_blender = no ] || exit 0

if [ ! -e "$home/xges/done" ]; then
    echo "The OTIO adapter for GStreamer Editing Services: $home/xges"
    python3 -m venv --clear "$home/xges"
    "$home/xges/bin/pip" install --quiet --disable-pip-version-check 'opentimelineio<0.19' otio-xges-adapter==1.0.0
    touch "$home/xges/done"
fi

if [ $with_kdenlive = yes ] && [ ! -e "$home/forky/done" ]; then
    root=$home/forky
    echo "Debian forky with Kdenlive and Ardour: $root"
    # The first archive of this machine's apt that serves Debian itself, not its security updates.
    mirror=$(apt-get indextargets --format '$(CREATED_BY) $(ORIGIN) $(LABEL) $(REPO_URI)' |
        awk '$1 == "Packages" && $2 == "Debian" && $3 == "Debian" { print $4; exit }')
    if [ -z "$mirror" ]; then
        echo "This machine's apt knows no Debian archive, so there is none to build the root from." >&2
        exit 1
    fi
    "${as_root[@]}" rm -rf "$root"
    "${as_root[@]}" debootstrap --variant=minbase --include=ca-certificates forky "$root" "$mirror" sid
    # The same proxies and checks as this machine's own apt.
    apt-config dump | grep -E '^Acquire::(Check|http|https|Retries)' |
        "${as_root[@]}" tee "$root/etc/apt/apt.conf.d/90machine" >/dev/null || true
    "${as_root[@]}" cp -L /etc/resolv.conf "$root/etc/resolv.conf"
    "${as_root[@]}" chroot "$root" apt-get update
    "${as_root[@]}" chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        kdenlive qml6-module-org-kde-desktop melt ardour dbus-daemon dbus-bin xvfb xauth xdotool
    "${as_root[@]}" chmod 1777 "$root/tmp"
    "${as_root[@]}" touch "$root/done"
fi

echo "Done. Run: pytest -m editors"
