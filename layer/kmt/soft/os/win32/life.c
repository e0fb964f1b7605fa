/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Liveness: an object with the copy's name, which the kernel drops with the process. Whoever wonders whether the
 * owner of a slot is gone opens the name and closes it again at once: a handle kept would keep the dead alive.
 *
 * One object serves all memory that the copy maps. It is made in the directory of all sessions or not at all: a copy
 * that others can't see would be taken for dead.
 */
#include "base/os/os.h"
#include "kmt/os/win32/pool.h"
#include "kmt/soft/os/win32/nt.h"

static ntf_aptr sign_of_life; /* HANDLE; 0 until made, never closed, so what knows it must never be unloaded */

bool soft_life_begin(void)
{
    wchar_t name[NTF_EVENT_NAME_UNITS];
    uintptr_t none = 0;
    HANDLE made;

    if (ntf_load(&sign_of_life, NTF_ACQUIRE) != 0)
        return true;
    ntf_life_name(ntf_copy_id(), name);
    made = ntf_os_pin_module() ? ntf_event_make_public(name, SYNCHRONIZE) : NULL;
    if (!made)
        return false;
    if (!ntf_cas(&sign_of_life, &none, (uintptr_t)made, NTF_ACQ_REL))
        (void)CloseHandle(made); /* a second handle of the same object, by a thread that came as early */
    return true;
}

enum ntf_result soft_life_announce(struct soft_memory *memory)
{
    (void)memory;
    return soft_life_begin() ? NTF_OK : NTF_E_UNSUPPORTED;
}

bool soft_life_gone(const struct soft_memory *memory, uint64_t owner)
{
    wchar_t name[NTF_EVENT_NAME_UNITS];
    HANDLE found;

    (void)memory;
    if (ntf_copy_owns(owner))
        return false;
    ntf_life_name(owner, name);
    found = OpenEventW(SYNCHRONIZE, FALSE, name);
    if (found) {
        (void)CloseHandle(found);
        return false;
    }
    /* Any other error, access denied above all, says that something has the name. */
    return GetLastError() == ERROR_FILE_NOT_FOUND;
}

enum ntf_result soft_can_share(const char **why)
{
    if (soft_life_begin())
        return NTF_OK;
    *why = "the system refuses names in Global\\, by which processes wake each other";
    return NTF_E_UNSUPPORTED;
}
