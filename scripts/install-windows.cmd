@echo off
rem SPDX-License-Identifier: Apache-2.0
rem Registers the layer with the Vulkan loader of this machine, and takes it out again. See :usage.
rem
rem It copies nothing and writes one thing only: values named after the two manifests, in the keys
rem Software\Khronos\Vulkan\ImplicitLayers and ExplicitLayers (32-bit DLL: those of WOW6432Node).
rem
rem Whoever can write to the folder of a layer has his code in every Vulkan program of this machine,
rem those of administrators too. So a folder is refused that others can write to: anybody who may not
rem write to the folder of Windows itself. (This asks for no name: they differ with the language.)
rem
rem For maintainers: plain lines, results in variables. Wine 8's cmd, which the tests run it in, has
rem its own idea of "&" and "||" after a call, and of a path with brackets in the set of a "for". Paths
rem stand in quotes wherever they are used, and are never an argument of a call, which would read
rem their "%" and "^" anew. Lines end with CR LF, or cmd misses labels.
setlocal EnableExtensions DisableDelayedExpansion
set "system=%SystemRoot%\System32"
set "status=0"
set "action=install"
set "only_user="
set "unchecked="
set "folder="

:arguments
if "%~1"=="" goto start
set "argument=%~1"
shift
if /i "%argument%"=="/uninstall" set "action=uninstall"
if /i "%argument%"=="/uninstall" goto arguments
if /i "%argument%"=="/user" set "only_user=1"
if /i "%argument%"=="/user" goto arguments
if /i "%argument%"=="/unchecked" set "unchecked=1"
if /i "%argument%"=="/unchecked" goto arguments
if "%argument:~0,1%"=="/" goto usage
if defined folder goto usage
set "folder=%argument%"
goto arguments

:usage
echo usage: install-windows.cmd [/user] [/unchecked] [FOLDER]
echo        install-windows.cmd /uninstall
echo   FOLDER       holds VkLayer_ntfence.dll and its two manifests; without it, the folder of this file
echo   /user        for this user only, although you have the rights of an administrator
echo   /unchecked   registers also where it cannot be found out who may write to FOLDER
echo   /uninstall   removes every registration of the layer, also when its folder is gone
set "status=2"
goto finish

:start
rem reg.exe writes its answers in the console's code page: this one has all characters that a path can have.
set "codepage="
for /f "tokens=2 delims=:." %%c in ('%system%\chcp.com 2^>nul') do set "codepage=%%c"
"%system%\chcp.com" 65001 >nul 2>nul
if "%action%"=="uninstall" goto uninstall
goto install

:finish
if defined codepage "%system%\chcp.com" %codepage% >nul 2>nul
exit /b %status%

rem ---- who may write
rem others, mine: they, or this user without further rights, may write. unread: there is something that icacls did not say.

:check_folder
set "others="
set "mine="
set "unread="
set "writers="
set "me="
for /f "delims=" %%u in ('%system%\whoami.exe 2^>nul') do set "me=%%u"
set "found=system"
pushd "%SystemRoot%"
call :read_acl . own
popd
if not defined writers set "unread=1"

set "found=ours"
pushd "%folder%\"
call :read_acl . own
call :read_acl VkLayer_ntfence.dll own
call :read_acl VkLayer_ntfence_implicit.json own
call :read_acl VkLayer_ntfence_explicit.json own
:climb
set "here=%CD%"
cd ..
if "%CD%"=="%here%" goto climbed
call :read_acl . above
goto climb
:climbed
popd
exit /b 0

rem icacls writes a line for each entry: NAME:(FLAG)...(RIGHT,RIGHT...), the first with the file's name before it.
:read_acl
rem Harmless are rights to read, inheritance, and in folders above, to put something beside what leads to us.
set "harmless=I OI CI NP R RX GR GE RC S RD REA X RA NR NW NX"
if "%2"=="above" set "harmless=%harmless% W WD AD WA WEA"
set "entries=0"
for /f "delims=" %%l in ('%system%\icacls.exe %1 2^>nul') do (
    set "line=%%l"
    call :read_entry %1
)
if "%entries%"=="0" set "unread=1"
exit /b 0

:read_entry
set "name="
set "rights="
for /f "tokens=1* delims=:" %%a in ("%line%") do (
    set "name=%%a"
    set "rights=%%b"
)
if not defined rights exit /b 0
if not "%rights:~0,1%"=="(" exit /b 0
set /a entries+=1
set "first="
set "rest="
for /f "tokens=1*" %%a in ("%name%") do (
    set "first=%%a"
    set "rest=%%b"
)
if /i "%first%"=="%1" set "name=%rest%"
for /f "tokens=*" %%a in ("%name%") do set "name=%%a"
rem A blank on either side of each, so that each can be taken away by itself. IO is for what will be made
rem inside, which takes a right of its own.
set "rights=%rights:(=  %"
set "rights=%rights:)=  %"
set "rights=%rights:,=  %"
if not "%rights: IO =%"=="%rights%" exit /b 0
if not "%rights: DENY =%"=="%rights%" exit /b 0
if not "%rights: N =%"=="%rights%" exit /b 0
for %%h in (%harmless%) do call set "rights=%%rights: %%h =%%"
set "writes="
for /f "tokens=*" %%r in ("%rights%") do set "writes=1"
if not defined writes exit /b 0
if not "%found%"=="system" goto judge
set writers=%writers% "%name%"
exit /b 0

:judge
set "known="
for %%w in (%writers%) do if /i "%%~w"=="%name%" set "known=1"
if defined known exit /b 0
if defined me if /i "%name%"=="%me%" goto is_me
set "what=%CD%"
if not "%1"=="." set "what=%CD%\%1"
echo "%name%" may write to "%what%"
set "others=1"
exit /b 0
:is_me
set "mine=1"
exit /b 0

rem ---- install

:install
if not defined folder set "folder=%~dp0"
if "%folder:~-1%"=="\" set "folder=%folder:~0,-1%"
if "%folder:~0,2%"=="\\" goto is_remote
if not exist "%folder%\VkLayer_ntfence.dll" goto is_incomplete
if not exist "%folder%\VkLayer_ntfence_implicit.json" goto is_incomplete
if not exist "%folder%\VkLayer_ntfence_explicit.json" goto is_incomplete
pushd "%folder%\"
set "folder=%CD%"
call :read_arch
popd
if "%folder:~-1%"=="\" set "folder=%folder:~0,-1%"
if "%folder:~0,2%"=="\\" goto is_remote

if not "%arch%"=="64" if not "%arch%"=="32" goto is_incomplete
set "view=%arch%"

rem Whether the rights are there shows when they are used: a value that no loader takes for a layer (its data is not 0).
set "root=HKCU"
if defined only_user goto root_known
"%system%\reg.exe" add HKLM\Software\Khronos\Vulkan\ImplicitLayers /v ntfence /t REG_DWORD /d 1 /f /reg:%view% >nul 2>nul
if errorlevel 1 goto root_known
set "root=HKLM"
"%system%\reg.exe" delete HKLM\Software\Khronos\Vulkan\ImplicitLayers /v ntfence /f /reg:%view% >nul 2>nul
:root_known

call :check_folder
if defined others goto refuse_others
if defined mine if "%root%"=="HKLM" goto refuse_mine
if defined unread if not defined unchecked goto refuse_unread
if defined unread echo warning: it could not be found out who may write to "%folder%"

rem An older version in another folder would come in first, or not, as the loader pleases.
set "match=same"
call :remove_all quietly
set "failed="
call :add ImplicitLayers implicit
call :add ExplicitLayers explicit
if defined failed goto is_unwritable
echo registered the %view%-bit layer in "%folder%"
if "%root%"=="HKLM" goto said_where
echo   for this user only (HKCU)
echo   Programs that run elevated ignore it: loaders look for their layers in HKLM alone.
if not defined only_user echo   For all programs run this as administrator, with the layer in a folder below Program Files.
goto said_how
:said_where
echo   for all users of this machine (HKLM)
:said_how
echo   It is off until a program names it, or NTFENCE_ENABLE=1 is set; NTFENCE_DISABLE turns it off again.
goto finish

:is_remote
echo error: the folder has to be one of this machine, with a drive's letter: "%folder%"
set "status=1"
goto finish

:is_incomplete
echo error: not a folder of the layer: "%folder%"
echo   It has to hold VkLayer_ntfence.dll, VkLayer_ntfence_implicit.json and VkLayer_ntfence_explicit.json,
echo   as "meson install --tags runtime" leaves them; the manifests say library_arch 64 or 32.
set "status=1"
goto finish

:is_unwritable
echo error: the registry refused a value in %root%; nothing is registered
set "match=same"
call :remove_all quietly
call :tidy_all
set "status=1"
goto finish

:refuse_others
echo error: others can write to "%folder%" or what leads to it, and so put code into every Vulkan program.
goto mend

:refuse_mine
echo error: you can write to "%folder%" without the rights of an administrator, and so can each
echo   program that you run: registered for all users, it would put its code into elevated programs.
echo   With /user it is registered for you alone.
:mend
echo Mend it: copy (do not move) the folder below Program Files and register it there. Or, as administrator:
echo   icacls "%folder%" /setowner *S-1-5-32-544 /t
echo   icacls "%folder%" /reset /t
echo   icacls "%folder%" /inheritance:r /grant:r *S-1-5-18:(OI)(CI)F *S-1-5-32-544:(OI)(CI)F *S-1-5-32-545:(OI)(CI)RX
echo Nothing is registered that was not before.
call :tidy_all
set "status=1"
goto finish

:refuse_unread
echo error: it cannot be found out who may write to "%folder%": icacls gave no answer that can be read.
echo   If you know that only administrators can write to it, use /unchecked.
echo Nothing is registered that was not before.
call :tidy_all
set "status=1"
goto finish

rem Of the manifest in the current folder: "library_arch": "64",
:read_arch
set "arch="
if not exist VkLayer_ntfence_implicit.json exit /b 0
for /f "tokens=1,2 delims=:, " %%a in (VkLayer_ntfence_implicit.json) do if "%%~a"=="library_arch" set "arch=%%~b"
exit /b 0

:add
"%system%\reg.exe" add %root%\Software\Khronos\Vulkan\%1 /v "%folder%\VkLayer_ntfence_%2.json" /t REG_DWORD /d 0 /f /reg:%view% >nul 2>nul
if errorlevel 1 set "failed=1"
exit /b 0

rem ---- uninstall

:uninstall
set "view="
set "match=all"
set "removed=0"
set "kept=0"
call :remove_all
if "%removed%%kept%"=="00" echo the layer was not registered
if "%kept%"=="0" goto finish
echo error: what is said above is still registered: run this as administrator
set "status=1"
goto finish

rem match=all: whatever is named as our manifests are. match=same: but not a layer for the other kind of
rem programs (HKCU has one key for both), nor in HKLM when this is an installation in HKCU.
:remove_all
set "say=%1"
for %%v in (64 32) do (
    for %%k in (ImplicitLayers ExplicitLayers) do (
        call :remove_from HKLM %%k %%v
        call :remove_from HKCU %%k %%v
    )
)
exit /b 0

:remove_from
if "%match%"=="same" if "%1"=="HKLM" if not "%root%"=="HKLM" exit /b 0
if "%match%"=="same" if not "%3"=="%view%" exit /b 0
set "took="
for /f "delims=" %%l in ('%system%\reg.exe query %1\Software\Khronos\Vulkan\%2 /reg:%3 2^>nul') do (
    set "line=%%l"
    call :remove_line %1 %2 %3 VkLayer_ntfence_implicit.json
    call :remove_line %1 %2 %3 VkLayer_ntfence_explicit.json
)
if defined took if "%match%"=="all" call :tidy %1 %2 %3
exit /b 0

rem A line is four spaces, the value's name, four spaces, its type, four spaces, its data.
:remove_line
call set "data=%%line:*\%4    REG_=%%"
if "%data%"=="%line%" exit /b 0
call set "place=%%line:\%4    REG_%data%=%%"
set "place=%place:~4%"
if "%match%"=="all" goto remove_it
if not exist "%place%\%4" goto remove_it
pushd "%place%\"
call :read_arch
popd
if not "%arch%"=="%view%" exit /b 0
:remove_it
"%system%\reg.exe" delete %1\Software\Khronos\Vulkan\%2 /v "%place%\%4" /f /reg:%3 >nul 2>nul
if errorlevel 1 goto is_kept
set "took=1"
set /a removed+=1
if not "%say%"=="quietly" echo removed "%place%\%4" from %1\...\%2
exit /b 0
:is_kept
set /a kept+=1
if not "%say%"=="quietly" echo could not remove "%place%\%4" from %1\...\%2
exit /b 0

rem ---- keys: reg.exe makes those that are missing, so those that have become empty go with the last value

:tidy_all
if "%root%"=="HKLM" call :tidy HKLM ImplicitLayers %view%
if "%root%"=="HKLM" call :tidy HKLM ExplicitLayers %view%
call :tidy HKCU ImplicitLayers %view%
call :tidy HKCU ExplicitLayers %view%
exit /b 0

:tidy
set "gone=1"
call :tidy_key %1 Software\Khronos\Vulkan\%2 %3
if defined gone call :tidy_key %1 Software\Khronos\Vulkan %3
if defined gone call :tidy_key %1 Software\Khronos %3
exit /b 0

:tidy_key
set "gone="
"%system%\reg.exe" query %1\%2 /reg:%3 >nul 2>nul
if errorlevel 1 exit /b 0
set "long=HKEY_LOCAL_MACHINE"
if "%1"=="HKCU" set "long=HKEY_CURRENT_USER"
set "empty=1"
for /f "delims=" %%l in ('%system%\reg.exe query %1\%2 /reg:%3 2^>nul') do (
    set "line=%%l"
    call :tidy_line %2
)
if not defined empty exit /b 0
"%system%\reg.exe" delete %1\%2 /f /reg:%3 >nul 2>nul
if not errorlevel 1 set "gone=1"
exit /b 0

:tidy_line
if /i not "%line%"=="%long%\%1" set "empty="
exit /b 0
