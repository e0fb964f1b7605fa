# SPDX-License-Identifier: Apache-2.0
# A Wine session of this checkout: its own prefix, its own X server, and nothing left behind.
# shellcheck shell=bash

wine_env() {
    export WINEPREFIX=$out/wine/pfx
    export WINEDEBUG=-all
    unset WINEARCH WINELOADER WINESERVER WINEDLLPATH
    # No .NET, no browser, no desktop menus; vulkan-1=n: the real loader or none, never Wine's own.
    export WINEDLLOVERRIDES='mscoree,mshtml=;winemenubuilder.exe=;vulkan-1=n'
}

# Wine 8 has no Vulkan without X. The server picks a free display by itself and names it.
wine_display() {
    local pipe=$out/wine/display number
    rm -f "$pipe"
    mkfifo "$pipe"
    # It must not outlive this script (pdeathsig), nor hold the session's lock (8>&-).
    setpriv --pdeathsig TERM Xvfb -displayfd 7 -screen 0 640x480x24 -nolisten tcp \
        7>"$pipe" 8>&- >"$out/wine/xvfb.log" 2>&1 </dev/null &
    wine_xvfb=$!
    if ! read -r -t 30 number <"$pipe"; then
        cat "$out/wine/xvfb.log" >&2
        die "Xvfb did not start"
    fi
    rm -f "$pipe"
    export DISPLAY=:$number
}

wine_prefix() {
    local stamp
    stamp=$WINEPREFIX/made-by-$(wine --version 2>/dev/null | tr -c 'A-Za-z0-9.\n' '_')
    if [ ! -e "$stamp" ]; then
        say "making a Wine prefix"
        rm -rf "$WINEPREFIX"
        mkdir -p "$WINEPREFIX"
        quietly wine-prefix wine wineboot -i
        # A crash would open a dialog that nobody can close, and wait for ever.
        quietly wine-crash wine reg add 'HKCU\Software\Wine\WineDbg' /v ShowCrashDialog \
            /t REG_DWORD /d 0 /f
        wineserver -w
        touch "$stamp"
    fi
}

wine_stop() {
    wineserver -k 2>/dev/null || true
    wineserver -w 2>/dev/null || true
    [ -z "${wine_xvfb:-}" ] || kill "$wine_xvfb" 2>/dev/null || true
    wine_xvfb=
}

# wine_start: from here to the end of the script Wine works. One session at a time in a checkout:
# the wineserver belongs to the prefix, and remembers the display that it began with.
wine_start() {
    need "to run Windows programs" "${packages_wine[@]}" "${packages_vulkan[@]}"
    wine_env
    mkdir -p "$out/wine"
    exec 8>"$out/wine.lock"
    flock -n 8 || { say "waiting for another run's Wine session" && flock 8; }
    trap wine_stop EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    wine_display
    wine_prefix 8>&-
    # Kept alive between programs: half a second saved for each.
    wineserver -p60 8>&-
}

# wine_prepare: what the first session would have to make. In a subshell: the session ends with it.
wine_prepare() (
    [ -n "$(compgen -G "$out/wine/pfx/made-by-*")" ] || wine_start
)

# wine_loader changed|plain: the loader that programs of this session find.
wine_loader() {
    loader_build "$1"
    install -m 644 "$out/loader/$1/vulkan-1.dll" "$WINEPREFIX/drive_c/windows/system32/vulkan-1.dll"
}
