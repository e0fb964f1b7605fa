/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <bcrypt.h>

#include "base/os/os.h"
#include "base/os/win32/wide.h"

#define LINE_BYTES 2048 /* a longer line is cut; log.h makes none */

/* ---- variables ---- */

/* The value as Windows has it, to be freed; NULL with *exists false if there is none, true if memory ran out. */
static wchar_t *wide_value(const wchar_t *name, bool *exists)
{
    DWORD room = 256;

    for (;;) {
        wchar_t *value = (wchar_t *)calloc(room, sizeof *value);
        DWORD length;

        *exists = true;
        if (!value)
            return NULL;
        SetLastError(ERROR_SUCCESS); /* an empty value is 0 as well */
        length = GetEnvironmentVariableW(name, value, room);
        if (length == 0 && GetLastError() != ERROR_SUCCESS) {
            *exists = false;
            free(value);
            return NULL;
        }
        if (length < room)
            return value;
        free(value);
        room = length + 1; /* another thread may have made it longer by then: ask again */
    }
}

/* Room for the whole of it, so that the caller learns the length however small its buffer. */
static int copy_utf8(const wchar_t *value, char *buffer, size_t size_bytes)
{
    const int needed = WideCharToMultiByte(CP_UTF8, 0, value, -1, NULL, 0, NULL, NULL); /* with terminator */
    char *whole = needed > 0 ? (char *)malloc((size_t)needed) : NULL;

    if (!whole)
        return -1;
    (void)WideCharToMultiByte(CP_UTF8, 0, value, -1, whole, needed, NULL, NULL);
    if (size_bytes > 0) {
        const size_t copied = (size_t)needed <= size_bytes ? (size_t)needed - 1 : size_bytes - 1;
        memcpy(buffer, whole, copied);
        buffer[copied] = '\0';
    }
    free(whole);
    return needed - 1;
}

int ntf_os_getenv(const char *name, char *buffer, size_t size_bytes)
{
    wchar_t *wide_name = ntf_wide_from_utf8(name), *value;
    bool exists = false;
    int length = -1;

    if (!wide_name)
        return -1;
    value = wide_value(wide_name, &exists);
    if (value)
        length = copy_utf8(value, buffer, size_bytes);
    free(value);
    free(wide_name);
    return length;
}

/* ---- elevation ---- */

static bool is_wine(void)
{
    const HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");

    return ntdll && GetProcAddress(ntdll, "wine_get_version");
}

/* What the token says in one of its variable-sized classes, to be freed; NULL if it can't be read. */
static void *token_information(TOKEN_INFORMATION_CLASS which)
{
    void *information = NULL;
    DWORD size = 0;
    HANDLE token;

    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return NULL;
    (void)GetTokenInformation(token, which, NULL, 0, &size);
    if (size > 0)
        information = malloc(size);
    if (information && !GetTokenInformation(token, which, information, size, &size)) {
        free(information);
        information = NULL;
    }
    (void)CloseHandle(token);
    return information;
}

static bool has_high_integrity(void)
{
    TOKEN_MANDATORY_LABEL *label = (TOKEN_MANDATORY_LABEL *)token_information(TokenIntegrityLevel);
    bool high = true; /* not knowing, take the careful answer */

    if (label) {
        const DWORD last = *GetSidSubAuthorityCount(label->Label.Sid) - 1u;
        high = *GetSidSubAuthority(label->Label.Sid, last) >= SECURITY_MANDATORY_HIGH_RID;
    }
    free(label);
    return high;
}

bool ntf_os_elevated(void)
{
    enum { UNKNOWN = 0, NO = 1, YES = 2 };
    static ntf_au32 cached;
    uint32_t answer = ntf_load(&cached, NTF_RELAXED);

    if (answer == UNKNOWN) {
        answer = !is_wine() && has_high_integrity() ? YES : NO;
        ntf_store(&cached, answer, NTF_RELAXED);
    }
    return answer == YES;
}

/* ---- random bytes ---- */

bool ntf_os_random(void *buffer, size_t size_bytes)
{
    if (size_bytes > ULONG_MAX)
        return false;
    return BCryptGenRandom(NULL, (PUCHAR)buffer, (ULONG)size_bytes, BCRYPT_USE_SYSTEM_PREFERRED_RNG) >= 0;
}

/* ---- lines ---- */

/* The line with its newline in one piece, for one call. Returns its length. */
static DWORD with_newline(char out[LINE_BYTES], const char *line)
{
    size_t length = strlen(line);

    if (length > LINE_BYTES - 2)
        length = LINE_BYTES - 2;
    memcpy(out, line, length);
    out[length] = '\n';
    out[length + 1] = '\0';
    return (DWORD)(length + 1);
}

void ntf_os_say(const char *line)
{
    char whole[LINE_BYTES];
    const DWORD length = with_newline(whole, line);

    OutputDebugStringA(whole);
    /* Wine shows debug strings on a channel that is off: there a person looks at stderr. */
    if (is_wine()) {
        const HANDLE out = GetStdHandle(STD_ERROR_HANDLE);
        DWORD written;
        if (out && out != INVALID_HANDLE_VALUE)
            (void)WriteFile(out, whole, length, &written, NULL);
    }
}

/* Opens or makes the file. A new one belongs to this user alone: a list with one entry, not added to by what the
 * folder would hand down. */
static HANDLE open_log(const wchar_t *path, PSID owner)
{
    const DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    const DWORD list_bytes = (DWORD)(sizeof(ACL) + sizeof(ACCESS_ALLOWED_ACE)) + GetLengthSid(owner);
    ACL *list = (ACL *)calloc(1, list_bytes);
    SECURITY_DESCRIPTOR descriptor;
    SECURITY_ATTRIBUTES attributes = { sizeof attributes, &descriptor, FALSE };
    HANDLE file = INVALID_HANDLE_VALUE;

    if (list && InitializeAcl(list, list_bytes, ACL_REVISION)
        && AddAccessAllowedAce(list, ACL_REVISION, FILE_ALL_ACCESS, owner)
        && InitializeSecurityDescriptor(&descriptor, SECURITY_DESCRIPTOR_REVISION)
        && SetSecurityDescriptorDacl(&descriptor, TRUE, list, FALSE)
        && SetSecurityDescriptorControl(&descriptor, SE_DACL_PROTECTED, SE_DACL_PROTECTED)) {
        /* FILE_APPEND_DATA without FILE_WRITE_DATA: each write goes to the end, also between processes. Reading is
         * for wait_for_turn. The link itself is opened instead of what somebody may have made it point to. */
        file = CreateFileW(path, FILE_APPEND_DATA | FILE_READ_DATA | SYNCHRONIZE, share, &attributes, OPEN_ALWAYS,
                           FILE_ATTRIBUTE_NORMAL | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    }
    free(list);
    return file;
}

/* Windows appends in one step. Wine looks for the end and then writes there, so that two writers overwrite each other:
 * there they take turns by a lock on a byte that no file has. It goes with the handle. Somebody who keeps it costs a
 * tenth of a second a line, no more. */
static void wait_for_turn(HANDLE file)
{
    enum { TRIES = 100 };
    OVERLAPPED where;

    memset(&where, 0, sizeof where);
    where.OffsetHigh = 0x7FFFFFFF;
    for (int i = 0; i < TRIES; i++) {
        if (LockFileEx(file, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &where))
            return;
        Sleep(1);
    }
}

void ntf_os_append_line(const char *path, const char *line)
{
    char whole[LINE_BYTES];
    const DWORD length = with_newline(whole, line);
    TOKEN_USER *user = (TOKEN_USER *)token_information(TokenUser);
    wchar_t *wide_path = ntf_wide_from_utf8(path);
    HANDLE file = user && wide_path ? open_log(wide_path, user->User.Sid) : INVALID_HANDLE_VALUE;
    DWORD written;

    if (file != INVALID_HANDLE_VALUE) {
        if (is_wine())
            wait_for_turn(file);
        (void)WriteFile(file, whole, length, &written, NULL);
        (void)CloseHandle(file);
    }
    free(wide_path);
    free(user);
}
