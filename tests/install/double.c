// SPDX-License-Identifier: Apache-2.0
/*
 * Stands in for programs of the system folder that install-windows.cmd calls; which one, its own name
 * says. Wine's icacls says nothing at all, and its registry refuses nobody.
 *   icacls FILE   prints the entries that acl.txt, beside this program, has for FILE, in the form that
 *                 Windows prints them. A line there: PATH|ENTRY|ENTRY...; the path * is for all others.
 *   whoami        testbox\me
 *   reg           refuses to change HKLM; all else it leaves to the system's own.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <windows.h>

#include "start_win32.h"

enum { FAILED = 125, LINE_MAX_ = 4096 };

static bool beside(char *path, size_t size, const char *name)
{
    const DWORD length = GetModuleFileNameA(NULL, path, (DWORD)size);
    char *slash = strrchr(path, '\\');
    if (!length || !slash || (size_t)(slash + 1 - path) + strlen(name) >= size)
        return false;
    strcpy(slash + 1, name);
    return true;
}

static bool entries_of(const char *path, char *entries)
{
    char rules[MAX_PATH], line[LINE_MAX_];
    bool found = false;
    FILE *file = beside(rules, sizeof rules, "acl.txt") ? fopen(rules, "r") : NULL;
    while (file && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\r\n")] = '\0';
        char *bar = strchr(line, '|');
        if (!bar)
            continue;
        *bar = '\0';
        const bool exact = _stricmp(line, path) == 0;
        if (exact || (!found && strcmp(line, "*") == 0)) {
            strcpy(entries, bar + 1);
            found = true;
        }
        if (exact)
            break;
    }
    if (file)
        fclose(file);
    return found;
}

static int icacls(const char *name)
{
    char path[MAX_PATH], entries[LINE_MAX_];
    if (!GetFullPathNameA(name, sizeof path, path, NULL) || !entries_of(path, entries))
        return 1;
    bool first = true;
    for (char *entry = strtok(entries, "|"); entry; entry = strtok(NULL, "|")) {
        printf("%*s %s\n", (int)strlen(name), first ? name : "", entry);
        first = false;
    }
    printf("\nSuccessfully processed 1 files; Failed processing 0 files\n");
    return 0;
}

// The same arguments, word for word.
static int pass_on(const char *name)
{
    char program[MAX_PATH], command[LINE_MAX_];
    const char *arguments = GetCommandLineA();
    const char quote = *arguments == '"' ? '"' : ' ';
    arguments = strchr(arguments + 1, quote);
    GetSystemDirectoryA(program, sizeof program);
    snprintf(command, sizeof command, "%s\\%s%s", program, name,
             arguments ? arguments + (quote == '"') : "");
    STARTUPINFOA startup = {.cb = sizeof startup};
    PROCESS_INFORMATION info;
    for (unsigned tries = 0; !CreateProcessA(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &info);)
        if (!ntf_start_again(&tries))
            return FAILED;
    WaitForSingleObject(info.hProcess, INFINITE);
    DWORD status = FAILED;
    GetExitCodeProcess(info.hProcess, &status);
    return (int)status;
}

static bool changes_machine(const char *verb, const char *key)
{
    return (strcmp(verb, "add") == 0 || strcmp(verb, "delete") == 0) && strncmp(key, "HKLM", 4) == 0;
}

int main(int argc, char **argv)
{
    char self[MAX_PATH];
    GetModuleFileNameA(NULL, self, sizeof self);
    const char *slash = strrchr(self, '\\');
    const char *name = slash ? slash + 1 : self;
    if (_stricmp(name, "icacls.exe") == 0 && argc == 2)
        return icacls(argv[1]);
    if (_stricmp(name, "whoami.exe") == 0) {
        puts("testbox\\me");
        return 0;
    }
    if (_stricmp(name, "reg.exe") != 0 || argc < 3)
        return FAILED;
    if (changes_machine(argv[1], argv[2])) {
        fputs("ERROR: Access is denied.\n", stderr);
        return 1;
    }
    return pass_on(name);
}
