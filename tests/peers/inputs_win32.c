/* SPDX-License-Identifier: Apache-2.0 */
#include "inputs.h"

#include <windows.h>

#include <sddl.h>
#include <stdlib.h>
#include <string.h>

static void need(bool met)
{
    if (!met)
        abort();
}

/* A section under the given name (NULL: none), with the descriptor in text (NULL: the default one).
 */
static HANDLE section_of(HANDLE file, DWORD protection, DWORD size_bytes, const wchar_t *name,
                         const wchar_t *sddl)
{
    SECURITY_ATTRIBUTES attributes = {sizeof attributes, NULL, FALSE};
    HANDLE section;

    need(!sddl || ConvertStringSecurityDescriptorToSecurityDescriptorW(
                      sddl, SDDL_REVISION_1, &attributes.lpSecurityDescriptor, NULL));
    section = CreateFileMappingW(file, &attributes, protection, 0, size_bytes, name);
    need(section != NULL);
    (void)LocalFree(attributes.lpSecurityDescriptor);
    return section;
}

static HANDLE page_section(const wchar_t *name, const wchar_t *sddl)
{
    return section_of(INVALID_HANDLE_VALUE, PAGE_READWRITE, NTF_PAGE_BYTES, name, sddl);
}

ntf_handle inputs_page(struct ntf_page **page)
{
    const HANDLE section = page_section(NULL, NULL);

    *page = (struct ntf_page *)MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
    need(*page != NULL);
    return section;
}

void inputs_unmap(struct ntf_page *page)
{
    need(UnmapViewOfFile(page));
}

void inputs_close(ntf_handle handle)
{
    need(CloseHandle(handle));
}

bool inputs_live(ntf_handle handle)
{
    DWORD flags;

    return GetHandleInformation(handle, &flags);
}

/* ---- sections ---- */

static bool reserved(struct given *given, int flag)
{
    given->handle =
        section_of(INVALID_HANDLE_VALUE, PAGE_READWRITE | (DWORD)flag, NTF_PAGE_BYTES, NULL, NULL);
    return true;
}

static bool sized(struct given *given, int size)
{
    given->handle = section_of(INVALID_HANDLE_VALUE, PAGE_READWRITE, (DWORD)size, NULL, NULL);
    return true;
}

static bool file_backed(struct given *given, int argument)
{
    wchar_t folder[MAX_PATH], path[MAX_PATH];
    HANDLE file;

    (void)argument;
    need(GetTempPathW(MAX_PATH, folder) && GetTempFileNameW(folder, L"ntf", 0, path));
    file = CreateFileW(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
                       FILE_FLAG_DELETE_ON_CLOSE, NULL);
    need(file != INVALID_HANDLE_VALUE);
    given->handle = section_of(file, PAGE_READWRITE, NTF_PAGE_BYTES, NULL, NULL);
    need(CloseHandle(file));
    return true;
}

static bool image(struct given *given, int argument)
{
    wchar_t path[MAX_PATH];
    HANDLE file;

    (void)argument;
    need(GetModuleFileNameW(NULL, path, MAX_PATH));
    file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    need(file != INVALID_HANDLE_VALUE);
    given->handle = section_of(file, PAGE_READONLY | SEC_IMAGE, 0, NULL, NULL);
    need(CloseHandle(file));
    return true;
}

/* The handle has these rights, and the section would give everybody no more than to be queried. */
static bool with_rights(struct given *given, int rights)
{
    const HANDLE section = page_section(NULL, L"D:(A;;0x1;;;WD)");

    need(DuplicateHandle(GetCurrentProcess(), section, GetCurrentProcess(), &given->handle,
                         (DWORD)rights, FALSE, 0));
    need(CloseHandle(section));
    return true;
}

/* ---- names ---- */

enum holder {
    EVENT,
    MUTEX,
    SEMAPHORE,
    TIMER,
    LARGE,
    UNLABELLED,
    GARBAGE,
    STRAY_LABEL,
    NOBODYS_LABEL,
    DENIED
};

static void label(HANDLE section, const wchar_t *page)
{
    char *bytes = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);

    need(bytes != NULL);
    if (page)
        memcpy(bytes + 8, page, wcslen(page) * sizeof *page);
    memcpy(bytes, page ? "ntfename" : "nonsense", 8);
    need(UnmapViewOfFile(bytes));
}

static bool named(struct given *given, int holder)
{
    const wchar_t *name;

    inputs_name(given);
    name = (const wchar_t *)given->name;
    switch ((enum holder)holder) {
    case EVENT:
        given->more = CreateEventW(NULL, FALSE, FALSE, name);
        break;
    case MUTEX:
        given->more = CreateMutexW(NULL, FALSE, name);
        break;
    case SEMAPHORE:
        given->more = CreateSemaphoreW(NULL, 0, 1, name);
        break;
    case TIMER:
        given->more = CreateWaitableTimerW(NULL, FALSE, name);
        break;
    case LARGE:
        given->more = section_of(INVALID_HANDLE_VALUE, PAGE_READWRITE, 65536, name, NULL);
        break;
    case DENIED:
        given->more = page_section(name, L"D:(D;;GA;;;WD)");
        break;
    default:
        given->more = page_section(name, NULL);
        break;
    }
    need(given->more != NULL);
    if (holder == GARBAGE)
        label(given->more, NULL);
    else if (holder == STRAY_LABEL)
        label(given->more, L"..\\ntfence-page-0123456789abcdef0123456789abcde");
    else if (holder == NOBODYS_LABEL)
        label(given->more, L"ntfence-page-0123456789abcdef0123456789abcdef");
    return true;
}

static void release(struct given *given)
{
    need(CloseHandle(given->more));
}

const struct input inputs_os[] = {
    {"SEC_RESERVE", &answer_foreign, "not plain committed", reserved, NULL, SEC_RESERVE},
    {"SEC_NOCACHE", &answer_foreign, "not plain committed", reserved, NULL,
     SEC_COMMIT | SEC_NOCACHE},
    {"two pages", &answer_foreign, "not of the size", sized, NULL, 2 * NTF_PAGE_BYTES},
    {"a page and a byte", &answer_foreign, "not of the size", sized, NULL, NTF_PAGE_BYTES + 1},
    {"backed by a file", &answer_foreign, "not plain committed", file_backed, NULL, 0},
    {"an image", &answer_foreign, "not plain committed", image, NULL, 0},
    {"only to be queried", &answer_denied, "rights", with_rights, NULL, SECTION_QUERY},
    {"a name of an event", &answer_foreign_name, "", named, release, EVENT},
    {"a name of a mutex", &answer_foreign_name, "", named, release, MUTEX},
    {"a name of a semaphore", &answer_foreign_name, "", named, release, SEMAPHORE},
    {"a name of a timer", &answer_foreign_name, "", named, release, TIMER},
    {"a name of a large section", &answer_foreign_name, "", named, release, LARGE},
    {"a name without a label yet", &answer_unknown, "", named, release, UNLABELLED},
    {"a name with a garbage label", &answer_foreign_name, "", named, release, GARBAGE},
    {"a label that leads astray", &answer_foreign_name, "", named, release, STRAY_LABEL},
    {"a label of nobody's page", &answer_unknown, "", named, release, NOBODYS_LABEL},
    {"a name that may not be opened", &answer_denied_name, "", named, release, DENIED},
};
const unsigned inputs_os_count = sizeof inputs_os / sizeof inputs_os[0];
