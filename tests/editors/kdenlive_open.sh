#!/bin/bash
# Opens a project in Kdenlive, says on which display it is to be seen, and waits for its input to end. Runs inside
# the Debian root, in a D-Bus session of its own, with HOME set to an empty folder.
#
#   dbus-run-session -- bash kdenlive_open.sh PROJECT.kdenlive
set -u
mkdir -p "$HOME"/{Videos,Documents,Music,Pictures,Desktop}
export SDL_AUDIODRIVER=dummy # see kdenlive_import.sh

Xvfb -screen 0 1600x1100x24 -nolisten tcp -noreset -displayfd 1 >"$HOME/display" 2>/dev/null &
screen=$!
for _ in $(seq 100); do
    [ -s "$HOME/display" ] && break
    sleep 0.1
done
DISPLAY=:$(cat "$HOME/display")
export DISPLAY
kdenlive --no-welcome "$1" >"$HOME/kdenlive.log" 2>&1 &
kdenlive=$!
trap 'kill -9 $kdenlive 2>/dev/null; kill $screen 2>/dev/null' EXIT

window() { xdotool search --onlyvisible --name "$1" 2>/dev/null | head -1; }
action() {
    dbus-send --session --print-reply --reply-timeout=10000 --dest="org.kde.kdenlive-$kdenlive" \
        /kdenlive/MainWindow_1 org.kde.KMainWindow.activateAction "string:$1" >/dev/null 2>&1
    sleep 1
}

main=
for _ in $(seq 120); do
    dialog=$(window '^(Welcome to|Error|Warning|Information)')
    [ -n "$dialog" ] && xdotool windowfocus "$dialog" key Return
    main=$(window "$(basename "$1" .kdenlive)")
    [ -n "$main" ] && [ -z "$dialog" ] && break
    sleep 0.5
done
[ -n "$main" ] || { echo "Kdenlive did not open $1" >&2; exit 1; }
sleep 4 # pictures and waveforms are drawn when all else is there
xdotool windowmove "$main" 0 0 windowsize "$main" 1600 1100
sleep 3
action fit_all_tracks
action zoom_fit
action view_zoom_in
sleep 2
echo "$DISPLAY"
cat >/dev/null
