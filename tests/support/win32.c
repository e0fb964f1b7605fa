// SPDX-License-Identifier: Apache-2.0
#include "process.h"
#include "start_win32.h"
#include "win32_quote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include <tlhelp32.h>
#include <winternl.h>

enum { COMMAND_LINE_MAX = 32768, PIPE_BYTES = 65536 };

// A side's own half of the two pipes, and what of the next lines has been read already.
struct channel {
    HANDLE input, output;
    size_t length;
    char bytes[4 * NTF_LINE_MAX];
};

struct ntf_child {
    HANDLE process;
    DWORD pid;
    struct channel channel;
};

static volatile LONG watchdog_seconds;
static HANDLE watchdog_changed;

static DWORD WINAPI watchdog_main(void *unused)
{
    (void)unused;
    for (;;) {
        LONG seconds = watchdog_seconds;
        DWORD timeout = seconds ? (DWORD)seconds * 1000 : INFINITE;
        if (WaitForSingleObject(watchdog_changed, timeout) != WAIT_TIMEOUT)
            continue;
        static const char text[] = "ntf_test: the watchdog ends this process\n";
        DWORD written;
        WriteFile(GetStdHandle(STD_ERROR_HANDLE), text, sizeof text - 1, &written, NULL);
        TerminateProcess(GetCurrentProcess(), 124);
    }
    return 0;
}

// One thread and one handle for the life of the process, so before-and-after counts stay right.
void ntf_test_watchdog(unsigned seconds)
{
    watchdog_seconds = (LONG)seconds;
    if (watchdog_changed) {
        SetEvent(watchdog_changed);
        return;
    }
    watchdog_changed = CreateEventW(NULL, FALSE, FALSE, NULL);
    HANDLE thread = CreateThread(NULL, 0, watchdog_main, NULL, 0, NULL);
    if (!watchdog_changed || !thread)
        abort();
    CloseHandle(thread);
}

#define INFO_LENGTH_MISMATCH ((NTSTATUS)0xC0000004)

typedef NTSTATUS(WINAPI *query_system_fn)(SYSTEM_INFORMATION_CLASS what, void *data, ULONG size, ULONG *needed);

// How many handles this process's table has room for: what Wine 8 says where Windows says how many there are.
static size_t table_size(void)
{
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
    FARPROC found = ntdll ? GetProcAddress(ntdll, "NtQuerySystemInformation") : NULL;
    query_system_fn query;
    if (!found)
        abort();
    memcpy(&query, &found, sizeof query);
    SYSTEM_PROCESS_INFORMATION *list = NULL;
    ULONG size = 1 << 16;
    NTSTATUS status;
    do {
        free(list);
        size *= 2;
        list = malloc(size);
        if (!list)
            abort();
        status = query(SystemProcessInformation, list, size, NULL);
    } while (status == INFO_LENGTH_MISMATCH);
    if (status != 0)
        abort();
    const SYSTEM_PROCESS_INFORMATION *process = list;
    while ((DWORD)(ULONG_PTR)process->UniqueProcessId != GetCurrentProcessId()) {
        if (process->NextEntryOffset == 0)
            abort();
        process = (const void *)((const char *)process + process->NextEntryOffset);
    }
    const size_t handles = process->HandleCount;
    free(list);
    return handles;
}

/* One after the other. Wine 8 can list all of the system's, too, and must not be asked to: its server reads beyond the
 * end of a table that has become empty, as that of a process which ends or begins, and dies of it now and then, and
 * with it whatever runs. */
static size_t count_live_handles(void)
{
    const size_t most = table_size();
    size_t count = 0;
    for (size_t i = 1; i <= most; i++) {
        DWORD flags;
        count += GetHandleInformation((HANDLE)(4 * i), &flags) != 0;
    }
    return count;
}

const size_t ntf_test_spare_handles = 8;

size_t ntf_test_open_handles(void)
{
    DWORD count;
    if (!GetProcessHandleCount(GetCurrentProcess(), &count))
        abort();
    // Wine 8 answers 0, which is never true.
    return count ? count : count_live_handles();
}

size_t ntf_test_threads(void)
{
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    if (snapshot == INVALID_HANDLE_VALUE)
        abort();
    THREADENTRY32 entry = {.dwSize = sizeof entry};
    size_t count = 0;
    for (BOOL more = Thread32First(snapshot, &entry); more; more = Thread32Next(snapshot, &entry))
        count += entry.th32OwnerProcessID == GetCurrentProcessId();
    CloseHandle(snapshot);
    return count;
}

static void make_command_line(wchar_t *line, char *const argv[])
{
    wchar_t arg[NTF_LINE_MAX];
    line[0] = L'\0';
    assert_in_range(GetModuleFileNameW(NULL, arg, NTF_LINE_MAX), 1, NTF_LINE_MAX - 1);
    assert_true(ntf_quote_append(line, COMMAND_LINE_MAX, arg));
    for (size_t i = 0; argv[i]; i++) {
        assert_true(MultiByteToWideChar(CP_ACP, 0, argv[i], -1, arg, NTF_LINE_MAX) > 0);
        assert_true(ntf_quote_append(line, COMMAND_LINE_MAX, arg));
    }
}

// A pipe whose one end the child inherits.
static void make_pipe(HANDLE *ours, HANDLE *childs, bool child_reads)
{
    HANDLE reader, writer;
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    assert_true(CreatePipe(&reader, &writer, &inherited, PIPE_BYTES));
    *childs = child_reads ? reader : writer;
    *ours = child_reads ? writer : reader;
    assert_true(SetHandleInformation(*ours, HANDLE_FLAG_INHERIT, 0));
}

struct ntf_child *ntf_os_child_start(char *const argv[])
{
    struct ntf_child *child = calloc(1, sizeof *child);
    wchar_t *line = malloc(COMMAND_LINE_MAX * sizeof *line);
    assert_non_null(child);
    assert_non_null(line);
    make_command_line(line, argv);

    STARTUPINFOEXW startup = {
        .StartupInfo = {.cb = sizeof startup, .dwFlags = STARTF_USESTDHANDLES}};
    HANDLE self = GetCurrentProcess(), error = NULL;
    make_pipe(&child->channel.output, &startup.StartupInfo.hStdInput, true);
    make_pipe(&child->channel.input, &startup.StartupInfo.hStdOutput, false);
    assert_true(DuplicateHandle(self, GetStdHandle(STD_ERROR_HANDLE), self, &error, 0, TRUE,
                                DUPLICATE_SAME_ACCESS));
    startup.StartupInfo.hStdError = error;

    // Just these three: whatever else is inheritable at the moment is not the child's business.
    HANDLE inherited[] = {startup.StartupInfo.hStdInput, startup.StartupInfo.hStdOutput, error};
    SIZE_T size = 0;
    InitializeProcThreadAttributeList(NULL, 1, 0, &size);
    startup.lpAttributeList = malloc(size);
    assert_non_null(startup.lpAttributeList);
    assert_true(InitializeProcThreadAttributeList(startup.lpAttributeList, 1, 0, &size));
    assert_true(UpdateProcThreadAttribute(startup.lpAttributeList, 0,
                                          PROC_THREAD_ATTRIBUTE_HANDLE_LIST, inherited,
                                          sizeof inherited, NULL, NULL));
    PROCESS_INFORMATION info;
    unsigned tries = 0;
    BOOL started;
    do
        started = CreateProcessW(NULL, line, NULL, NULL, TRUE, EXTENDED_STARTUPINFO_PRESENT, NULL,
                                 NULL, &startup.StartupInfo, &info);
    while (!started && ntf_start_again(&tries));
    DeleteProcThreadAttributeList(startup.lpAttributeList);
    free(startup.lpAttributeList);
    free(line);
    for (size_t i = 0; i < NTF_COUNT(inherited); i++)
        CloseHandle(inherited[i]);
    assert_true(started);
    CloseHandle(info.hThread);
    child->process = info.hProcess;
    child->pid = info.dwProcessId;
    return child;
}

static bool send_line(HANDLE output, const char *line, size_t length)
{
    char bytes[NTF_LINE_MAX];
    memcpy(bytes, line, length);
    bytes[length] = '\n';
    // One write, so that lines of two threads do not mix.
    DWORD written;
    return WriteFile(output, bytes, (DWORD)length + 1, &written, NULL) && written == length + 1;
}

static bool receive_line(struct channel *channel, char line[NTF_LINE_MAX])
{
    char *end;
    while ((end = memchr(channel->bytes, '\n', channel->length)) == NULL) {
        DWORD got;
        size_t room = sizeof channel->bytes - channel->length;
        if (room == 0 ||
            !ReadFile(channel->input, channel->bytes + channel->length, (DWORD)room, &got, NULL) ||
            got == 0)
            return false;
        channel->length += got;
    }
    size_t length = (size_t)(end - channel->bytes);
    if (length >= NTF_LINE_MAX)
        return false;
    memcpy(line, channel->bytes, length);
    line[length] = '\0';
    channel->length -= length + 1;
    memmove(channel->bytes, end + 1, channel->length);
    return true;
}

bool ntf_os_child_send(struct ntf_child *child, const char *line, size_t length)
{
    return send_line(child->channel.output, line, length);
}

bool ntf_child_receive(struct ntf_child *child, char line[NTF_LINE_MAX])
{
    return receive_line(&child->channel, line);
}

uint64_t ntf_child_give_handle(struct ntf_child *child, uint64_t handle)
{
    HANDLE given = NULL;
    if (!DuplicateHandle(GetCurrentProcess(), (HANDLE)(uintptr_t)handle, child->process, &given, 0,
                         FALSE, DUPLICATE_SAME_ACCESS))
        fail_msg("can't give handle %#llx to the child: error %lu", (unsigned long long)handle,
                 GetLastError());
    return (uintptr_t)given;
}

uint32_t ntf_child_pid(const struct ntf_child *child)
{
    return child->pid;
}

// Told apart from a status that a test program would return.
enum { KILLED = 0xDEAD };

void ntf_child_kill(struct ntf_child *child)
{
    TerminateProcess(child->process, KILLED);
}

int ntf_child_wait(struct ntf_child *child)
{
    DWORD status = KILLED;
    CloseHandle(child->channel.output);
    WaitForSingleObject(child->process, INFINITE);
    GetExitCodeProcess(child->process, &status);
    CloseHandle(child->channel.input);
    CloseHandle(child->process);
    free(child);
    // A crash ends with an NTSTATUS, which has its top bits set.
    return status == KILLED || status >= 0xC0000000u ? -1 : (int)status;
}

bool ntf_os_parent_send(const char *line, size_t length)
{
    return send_line(GetStdHandle(STD_OUTPUT_HANDLE), line, length);
}

bool ntf_parent_receive(char line[NTF_LINE_MAX])
{
    static struct channel parent;
    parent.input = GetStdHandle(STD_INPUT_HANDLE);
    return receive_line(&parent, line);
}
