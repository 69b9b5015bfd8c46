#!/bin/bash
# Takes an .otio into Kdenlive by its own importer and saves the project. Runs inside the Debian root, in a
# D-Bus session of its own, with HOME set to an empty folder.
#
#   dbus-run-session -- bash kdenlive_import.sh CUT.otio PROJECT.kdenlive
#
# Kdenlive takes an .otio on its command line for a clip, so the menu's action is started over D-Bus, and a file
# dialog is typed into.
set -u
otio=$1 project=$2

# Without these it stops at "The file or folder does not exist".
mkdir -p "$HOME"/{Videos,Documents,Music,Pictures,Desktop}
# Without a sound card it stops at "Could not create the video preview window".
export SDL_AUDIODRIVER=dummy

# Any display that is free: Xvfb says which it took.
Xvfb -screen 0 1600x1000x24 -nolisten tcp -noreset -displayfd 1 >"$HOME/display" 2>/dev/null &
screen=$!
for _ in $(seq 100); do
    [ -s "$HOME/display" ] && break
    sleep 0.1
done
DISPLAY=:$(cat "$HOME/display")
export DISPLAY
for _ in $(seq 100); do
    xdotool getdisplaygeometry >/dev/null 2>&1 && break
    sleep 0.1
done

kdenlive --no-welcome >"$HOME/kdenlive.log" 2>&1 &
kdenlive=$!
trap 'kill -9 $kdenlive 2>/dev/null; kill $screen 2>/dev/null' EXIT

fail() {
    echo "$1; windows:" >&2
    for window in $(xdotool search --onlyvisible --name . 2>/dev/null); do
        xdotool getwindowname "$window" >&2
    done
    tail -5 "$HOME/kdenlive.log" >&2
    exit 1
}

window() { xdotool search --onlyvisible --name "$1" 2>/dev/null | head -1; }

action() {
    dbus-send --session --print-reply --reply-timeout=600000 --dest="org.kde.kdenlive-$kdenlive" \
        /kdenlive/MainWindow_1 "org.kde.KMainWindow.$1" "string:$2" 2>/dev/null
}

# Half a minute at most for something to be so; dialogs that only tell something are closed on the way.
until_so() {
    local dialog
    for _ in $(seq 150); do
        "$@" && return
        kill -0 $kdenlive 2>/dev/null || fail "Kdenlive ended"
        dialog=$(window '^(Welcome to|Error|Warning|Information)')
        if [ -n "$dialog" ]; then
            xdotool windowfocus "$dialog" key Return 2>/dev/null
        fi
        sleep 0.2
    done
    fail "waited for: $*"
}

is_open() { [ -n "$(window "$1")" ]; }
is_closed() { ! is_open "$1"; }
is_ready() { is_open '^Untitled' && is_closed '^(Splash|Welcome|Error)' && action actionIsEnabled import_project | grep -q true; }
is_saved() { [ -s "$project" ]; }

# Start an action that opens a file dialog, and name the file there.
name_file() {
    action activateAction "$1" >/dev/null &
    until_so is_open "^$2"
    sleep 0.5
    xdotool windowfocus "$(window "^$2")" key ctrl+a type --delay 5 "$3"
    xdotool key Return
    until_so is_closed "^$2"
}

until_so is_ready
sleep 1
name_file import_project "OpenTimelineIO Import" "$otio"
until_so is_closed "^Importing"
sleep 3 # the tracks are laid when all media are in the bin, which the progress window does not wait for
until_so is_closed "^(Importing|Error)"
name_file file_save_as "Save As" "$project"
until_so is_saved
sleep 0.5
