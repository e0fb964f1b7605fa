/* SPDX-License-Identifier: Apache-2.0 */
/* Global handles, handles of other things, names and rights. */
#include <stdio.h>
#include <string.h>

#include "info/os/os.h"
#include "info/probe.h"
#include "info/words.h"
#include "kmt/names.h"
#include "kmt/os/system.h"

#define NT_SHARED (NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING)
#define READ_RIGHTS 0x20000u /* STANDARD_RIGHTS_READ */

static void ask_global(struct probe *probe)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 fence;
    ntf_status status;

    probe_question(probe, 8, "Does a monitored fence made with Shared alone get a global handle?");
    status = probe_make(probe, NTF_SYNC_SHARED, &fence);
    if (status == NTF_STATUS_SUCCESS)
        probe_answer(probe, status, "flags 0x1|global handle: %s, %s", fence.Info.SharedHandle ? "there" : "none",
                     probe_address(fence.Info.MonitoredFence.FenceValueCPUVirtualAddress).text);
    else
        probe_answer(probe, status, "flags 0x1");
    if (status == NTF_STATUS_SUCCESS)
        probe_destroy(probe, fence.hSyncObject);
}

static void ask_strangers(struct probe *probe)
{
    const ntf_handle event = info_os_event(), section = info_os_section();

    probe_question(probe, 9, "What does D3DKMTOpenSyncObjectFromNtHandle2 say to handles of other things?");
    if (event) {
        probe_open(probe, "an event", event, NT_SHARED, NULL);
        ntf_system_close_handle(event);
    }
    if (section) {
        probe_open(probe, "shared memory", section, NT_SHARED, NULL);
        ntf_system_close_handle(section);
    }
}

void probe_objects(struct probe *probe)
{
    ask_global(probe);
    ask_strangers(probe);
}

/* ---- names ---- */

static void ask_access(struct probe *probe, D3DKMT_HANDLE object, uint32_t access)
{
    ntf_handle handle;
    const ntf_status status = probe_share(probe, object, NULL, access, &handle);

    probe_answer(probe, status, "share with access 0x%x%s", access, access & READ_RIGHTS ? "" : " (no right to read)");
    if (status == NTF_STATUS_SUCCESS)
        ntf_system_close_handle(handle);
}

/* "ntfence-info-" and random digits: nobody else's, and gone with the handle. */
static bool random_name(char16_t name[32])
{
    static const char begin[] = "ntfence-info-", digits[] = "0123456789abcdef";
    uint8_t random[8];
    size_t n = 0;

    if (!ntf_os_random(random, sizeof random))
        return false;
    for (; begin[n]; n++)
        name[n] = (char16_t)begin[n];
    for (size_t i = 0; i < sizeof random; i++)
        name[n++] = (char16_t)digits[random[i] & 15];
    name[n] = 0;
    return true;
}

static void ask_taken(struct probe *probe, D3DKMT_HANDLE one, D3DKMT_HANDLE other, const char16_t *name)
{
    struct ntf_name_path path;
    ntf_handle first = NULL, second = NULL;
    ntf_status status;

    if (ntf_name_to_path(name, ntf_system_session(), &path) != NTF_OK)
        return;
    status = probe_share(probe, one, &path.attributes, D3DDDI_SYNC_OBJECT_ALL_ACCESS, &first);
    probe_answer(probe, status, "share under a new name");
    if (status != NTF_STATUS_SUCCESS)
        return;
    status = probe_share(probe, other, &path.attributes, D3DDDI_SYNC_OBJECT_ALL_ACCESS, &second);
    probe_answer(probe, status, "share another object under that name");
    if (status == NTF_STATUS_SUCCESS)
        ntf_system_close_handle(second);
    second = NULL;
    status = probe_share(probe, one, &path.attributes, D3DDDI_SYNC_OBJECT_ALL_ACCESS, &second);
    probe_answer(probe, status, "share the same object under that name");
    if (status == NTF_STATUS_SUCCESS)
        ntf_system_close_handle(second);
    ntf_system_close_handle(first);
}

/* In a directory of the object manager that is not for programs. */
static void ask_directory(struct probe *probe, D3DKMT_HANDLE object, const char *directory, const char16_t *name)
{
    char16_t path[96];
    ntf_unicode_string string = { .Buffer = path };
    ntf_object_attributes attributes = { .Length = sizeof attributes, .ObjectName = &string,
                                         .Attributes = NTF_OBJ_CASE_INSENSITIVE };
    ntf_handle handle;
    ntf_status status;
    uint16_t n = 0;

    for (const char *c = directory; *c; c++)
        path[n++] = (char16_t)*c;
    while (*name)
        path[n++] = *name++;
    string.Length = string.MaximumLength = (uint16_t)(n * sizeof *path);
    status = probe_share(probe, object, &attributes, D3DDDI_SYNC_OBJECT_ALL_ACCESS, &handle);
    probe_answer(probe, status, "share under a name in %s", directory);
    if (status == NTF_STATUS_SUCCESS)
        ntf_system_close_handle(handle);
}

void probe_names(struct probe *probe)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 one, other;
    char16_t name[32];
    ntf_status status;

    probe_question(probe, 10, "What does D3DKMTShareObjects say to a taken name, to little access, to a foreign "
                              "directory?");
    status = probe_make(probe, NT_SHARED | NTF_SYNC_NO_GPU_ACCESS, &one);
    if (status != NTF_STATUS_SUCCESS) {
        probe_not_asked(probe, "a fence to share cannot be made: %s", info_status_words(status).text);
        return;
    }
    ask_access(probe, one.hSyncObject, D3DDDI_SYNC_OBJECT_ALL_ACCESS);
    ask_access(probe, one.hSyncObject, D3DDDI_SYNC_OBJECT_WAIT | D3DDDI_SYNC_OBJECT_SIGNAL);
    ask_access(probe, one.hSyncObject, 0);
    if (random_name(name)) {
        if (probe_make(probe, NT_SHARED | NTF_SYNC_NO_GPU_ACCESS, &other) == NTF_STATUS_SUCCESS) {
            ask_taken(probe, one.hSyncObject, other.hSyncObject, name);
            probe_destroy(probe, other.hSyncObject);
        }
        ask_directory(probe, one.hSyncObject, "\\", name);
        ask_directory(probe, one.hSyncObject, "\\KernelObjects\\", name);
    }
    probe_destroy(probe, one.hSyncObject);
}
