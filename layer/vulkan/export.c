/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fences that can be exported: they get a binary payload of ntfence's own when they are made, so that a name is there
 * from the beginning, and so that an export in any state, also with a submission pending, is only a new handle.
 */
#include <inttypes.h>

#include "fence/codec.h"
#include "kmt/names.h"
#include "kmt/os/system.h"
#include "vulkan/commands.h"
#include "vulkan/export.h"
#include "vulkan/reasons.h"

/* DXGI_SHARED_RESOURCE_READ | DXGI_SHARED_RESOURCE_WRITE: what the specification gives as the default. As a mask of a
 * synchronisation object it would allow to wait and not to signal, so it stands for everything. */
#define DXGI_READ_WRITE 0x80000001u
#define GENERIC_RIGHTS 0xF0000000u
/* D3DKMTShareObjects asks for STANDARD_RIGHTS_READ; an importer has to wait and to signal. */
#define NEEDED (0x00020000u | D3DDDI_SYNC_OBJECT_WAIT | D3DDDI_SYNC_OBJECT_SIGNAL)

struct creation {
    struct ntf_device *device;
    const VkFenceCreateInfo *info;
    const VkExportFenceWin32HandleInfoKHR *win32; /* NULL: not in the chain */
    struct ntf_trace trace;
};

static VkResult refuse(const struct creation *creation, enum ntf_result result, ntf_status status, const char *why)
{
    struct ntf_text text;

    ntf_text_init(&text);
    ntf_text_add(&text, "an exportable fence cannot be made: %s", why);
    if (creation->win32 && creation->win32->name) {
        ntf_text_add(&text, "; name \"");
        ntf_text_add_utf16(&text, (const uint16_t *)creation->win32->name, 80);
        ntf_text_add(&text, "\"");
    }
    if (status != NTF_STATUS_SUCCESS)
        ntf_text_add(&text, "; 0x%08X (%s)", (unsigned)status, ntf_status_name(status));
    if (creation->trace.count) {
        ntf_text_add(&text, "; tried: ");
        ntf_trace_describe(&creation->trace, &text);
    }
    ntf_log_write(&creation->device->instance->log, NTF_LOG_ERROR, ntf_reasons.FENCE_CREATE, "%s", text.bytes);
    /* vkCreateFence lists no error for a name in use or a bad descriptor. */
    return result == NTF_E_NO_MEMORY ? VK_ERROR_OUT_OF_HOST_MEMORY : VK_ERROR_UNKNOWN;
}

static uint32_t access_of(const VkExportFenceWin32HandleInfoKHR *win32)
{
    const uint32_t asked = win32 ? win32->dwAccess : 0;

    if (asked == 0 || asked == DXGI_READ_WRITE)
        return NTF_ACCESS_ALL;
    return asked & GENERIC_RIGHTS ? asked : asked | NEEDED;
}

/* Name, descriptor and inheritance as the kernel's calls want them. */
static enum ntf_result attributes_of(const VkExportFenceWin32HandleInfoKHR *win32, struct ntf_name_path *path,
                                     ntf_object_attributes *attributes)
{
    *attributes = (ntf_object_attributes){ .Length = sizeof *attributes };
    if (!win32)
        return NTF_OK;
    if (win32->name) {
        const enum ntf_result result = ntf_name_to_path((const char16_t *)win32->name, ntf_system_session(), path);

        if (result != NTF_OK)
            return result;
        *attributes = path->attributes;
    }
    if (win32->pAttributes) {
        attributes->SecurityDescriptor = win32->pAttributes->lpSecurityDescriptor;
        if (win32->pAttributes->bInheritHandle)
            attributes->Attributes |= NTF_OBJ_INHERIT;
    }
    return NTF_OK;
}

static const char *why_of(enum ntf_result result)
{
    switch (result) {
    case NTF_E_COLLISION: return "the name is in use";
    case NTF_E_BAD_NAME: return "the name is malformed or too long";
    case NTF_E_ACCESS_DENIED: return "too few rights";
    case NTF_E_NO_MEMORY: return "out of memory, descriptors or another quota";
    default: return "the object refused to be shared";
    }
}

/* Object, payload, name; *result says what to answer if there is none. */
static struct ntf_payload *make_payload(struct creation *creation, VkResult *result)
{
    const bool signalled = (creation->info->flags & VK_FENCE_CREATE_SIGNALED_BIT) != 0;
    ntf_status status = NTF_STATUS_SUCCESS;
    ntf_object_attributes attributes;
    struct ntf_payload *payload;
    struct ntf_object *object;
    struct ntf_name_path path;
    enum ntf_result outcome = attributes_of(creation->win32, &path, &attributes);

    *result = VK_SUCCESS;
    if (outcome == NTF_OK && !creation->device->kmt) {
        *result = refuse(creation, NTF_E_UNSUPPORTED, status, "no D3DKMT provider is usable in this process");
        return NULL;
    }
    if (outcome != NTF_OK) {
        *result = refuse(creation, outcome, status, why_of(outcome));
        return NULL;
    }
    outcome = ntf_kmt_create(creation->device->kmt, ntf_code_initial(signalled), &object, &creation->trace);
    if (outcome == NTF_OK)
        outcome = ntf_payload_new_binary(object, &payload);
    if (outcome != NTF_OK) {
        *result = refuse(creation, outcome, status, "no object could be made");
        return NULL;
    }
    outcome = ntf_payload_make_exportable(payload, &attributes, access_of(creation->win32), &status);
    if (outcome == NTF_OK)
        return payload;
    ntf_payload_unref(payload);
    *result = refuse(creation, outcome, status, why_of(outcome));
    return NULL;
}

VkResult ntf_export_create_fence(struct ntf_device *device, const VkFenceCreateInfo *info,
                                 const VkExportFenceWin32HandleInfoKHR *win32, const VkAllocationCallbacks *allocator,
                                 VkFence *out)
{
    struct creation creation = { .device = device, .info = info, .win32 = win32 };
    VkFenceCreateInfo below = { .sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO };
    struct ntf_payload *payload;
    VkFence fence;
    VkResult result;

    payload = make_payload(&creation, &result);
    if (!payload)
        return result;
    /* The driver's fence is there for its handle alone, and is never used: its chain held export structures only. */
    result = device->next.CreateFence(device->handle, &below, allocator, &fence);
    if (result == VK_SUCCESS &&
        ntf_fences_import(&device->fences, ntf_fence_number(fence), payload, false) != NTF_OK) {
        device->next.DestroyFence(device->handle, fence, allocator);
        result = refuse(&creation, NTF_E_NO_MEMORY, NTF_STATUS_NO_MEMORY, why_of(NTF_E_NO_MEMORY));
    }
    if (result != VK_SUCCESS)
        ntf_payload_unref(payload);
    else
        *out = fence;
    return result;
}

/* ---- vkGetFenceWin32HandleKHR ---- */

static VkResult refuse_export(struct ntf_device *device, VkFence fence, VkResult answer, const char *why)
{
    ntf_log_write(&device->instance->log, NTF_LOG_ERROR, ntf_reasons.FENCE_EXPORT,
                  "vkGetFenceWin32HandleKHR: fence 0x%" PRIx64 ": %s", ntf_fence_number(fence), why);
    return answer;
}

/* A device that the layer does not serve, reached by a pointer of the instance's: the driver may have the command. */
static VkResult get_passed(VkDevice handle, const VkFenceGetWin32HandleInfoKHR *info, HANDLE *out)
{
    const PFN_vkGetDeviceProcAddr next = ntf_registry_passed(handle);
    const PFN_vkGetFenceWin32HandleKHR get =
        next ? (PFN_vkGetFenceWin32HandleKHR)next(handle, "vkGetFenceWin32HandleKHR") : NULL;

    return get ? get(handle, info, out) : VK_ERROR_UNKNOWN;
}

NTF_COMMAND(VkResult)
ntf_vkGetFenceWin32HandleKHR(VkDevice handle, const VkFenceGetWin32HandleInfoKHR *info, HANDLE *out)
{
    struct ntf_device *device = ntf_device_of(handle);
    struct ntf_payload *payload;
    enum ntf_result result;
    ntf_status status;
    ntf_handle nt;

    if (!device)
        return get_passed(handle, info, out);
    payload = ntf_device_payload(device, info->fence);
    if (!payload && device->native)
        return device->next.GetFenceWin32HandleKHR(handle, info, out);
    /* VUID-VkFenceGetWin32HandleInfoKHR-handleType-01448, of the types that we export */
    if (info->handleType != VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT)
        return refuse_export(device, info->fence, VK_ERROR_UNKNOWN, "the handle type is not supported for export");
    if (!payload)
        return refuse_export(device, info->fence, VK_ERROR_UNKNOWN, "it was not made exportable");
    if (payload->kind != NTF_PAYLOAD_BINARY)
        return refuse_export(device, info->fence, VK_ERROR_UNKNOWN,
                             "its payload is an object that was not made by ntfence, and is not exported again");
    /* A peer that is handed it must not see less than this process does. */
    ntf_device_pull(device, payload);
    /* Leniently as often as asked, a new handle each time (handleType-01449). Nothing of the fence changes. */
    result = ntf_payload_export(payload, &nt, &status);
    if (result == NTF_OK) {
        *out = nt;
        return VK_SUCCESS;
    }
    return refuse_export(device, info->fence,
                         result == NTF_E_NO_MEMORY ? VK_ERROR_TOO_MANY_OBJECTS : VK_ERROR_UNKNOWN,
                         ntf_status_name(status));
}
