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
    bool global;
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

/* An object of the device's provider that carries a binary state. */
static enum ntf_result make_object(struct creation *creation, struct ntf_object **out)
{
    const bool signalled = (creation->info->flags & VK_FENCE_CREATE_SIGNALED_BIT) != 0;
    const uint64_t initial = ntf_code_initial(signalled);

    if (creation->global)
        return ntf_kmt_create_global(creation->device->kmt, initial, out, &creation->trace);
    return ntf_kmt_create(creation->device->kmt, initial, out, &creation->trace);
}

/* Object, payload, name; *result says what to answer if there is none. */
static struct ntf_payload *make_payload(struct creation *creation, VkResult *result)
{
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
    outcome = make_object(creation, &object);
    if (outcome == NTF_OK)
        outcome = ntf_payload_new_binary(object, &payload);
    if (outcome != NTF_OK) {
        *result = refuse(creation, outcome, status, "no object could be made");
        return NULL;
    }
    if (creation->global)
        return payload;
    outcome = ntf_payload_make_exportable(payload, &attributes, access_of(creation->win32), &status);
    if (outcome == NTF_OK)
        return payload;
    ntf_payload_unref(payload);
    *result = refuse(creation, outcome, status, why_of(outcome));
    return NULL;
}

static VkResult create(struct creation *creation, const VkAllocationCallbacks *allocator, VkFence *out)
{
    const VkFenceCreateInfo below = { .sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO };
    struct ntf_device *device = creation->device;
    struct ntf_payload *payload;
    VkFence fence;
    VkResult result;

    payload = make_payload(creation, &result);
    if (!payload)
        return result;
    ntf_device_ask(device);
    /* The driver's fence is there for its handle alone, and is never used: its chain held export structures only. */
    result = device->next.CreateFence(device->handle, &below, allocator, &fence);
    if (result == VK_SUCCESS &&
        ntf_fences_import(&device->fences, ntf_fence_number(fence), payload, false) != NTF_OK) {
        device->next.DestroyFence(device->handle, fence, allocator);
        result = refuse(creation, NTF_E_NO_MEMORY, NTF_STATUS_NO_MEMORY, why_of(NTF_E_NO_MEMORY));
    }
    if (result != VK_SUCCESS)
        ntf_payload_unref(payload);
    else
        *out = fence;
    return result;
}

VkResult ntf_export_create_fence(struct ntf_device *device, const VkFenceCreateInfo *info,
                                 const VkExportFenceWin32HandleInfoKHR *win32, const VkAllocationCallbacks *allocator,
                                 VkFence *out)
{
    return create(&(struct creation){ .device = device, .info = info, .win32 = win32 }, allocator, out);
}

VkResult ntf_export_create_global(struct ntf_device *device, const VkFenceCreateInfo *info,
                                  const VkAllocationCallbacks *allocator, VkFence *out)
{
    return create(&(struct creation){ .device = device, .info = info, .global = true }, allocator, out);
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

/* NULL: it can be exported as that type. */
static const char *why_not(const struct ntf_payload *payload, VkExternalFenceHandleTypeFlagBits type)
{
    const bool global = type == VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT;

    /* VUID-VkFenceGetWin32HandleInfoKHR-handleType-01452 */
    if (type != VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT && !global)
        return "the handle type is none of the two of VK_KHR_external_fence_win32";
    if (!payload)
        return "it was not made exportable";
    if (ntf_payload_is_driver(payload))
        return "its payload is the driver's for the time being: an acquire or a temporary import has put it in";
    if (payload->kind != NTF_PAYLOAD_BINARY)
        return "its payload is an object that was not made by ntfence, and is not exported again";
    /* VUID-VkFenceGetWin32HandleInfoKHR-handleType-01448, -fence-01450 */
    if (global != (payload->object->global != 0))
        return "its payload was made exportable as the other handle type";
    return NULL;
}

static VkResult export_nt(struct ntf_device *device, VkFence fence, struct ntf_payload *payload, HANDLE *out)
{
    ntf_status status;
    ntf_handle nt;
    /* Leniently as often as asked, a new handle each time (handleType-01449). Nothing of the fence changes. */
    const enum ntf_result result = ntf_payload_export(payload, &nt, &status);

    if (result != NTF_OK)
        return refuse_export(device, fence, result == NTF_E_NO_MEMORY ? VK_ERROR_TOO_MANY_OBJECTS : VK_ERROR_UNKNOWN,
                             ntf_status_name(status));
    *out = nt;
    return VK_SUCCESS;
}

NTF_COMMAND(VkResult)
ntf_vkGetFenceWin32HandleKHR(VkDevice handle, const VkFenceGetWin32HandleInfoKHR *info, HANDLE *out)
{
    struct ntf_device *device = ntf_device_of(handle);
    struct ntf_payload *payload;
    const char *why;

    if (!device)
        return get_passed(handle, info, out);
    payload = ntf_device_payload(device, info->fence);
    if (device->native && (!payload || (ntf_payload_is_driver(payload) && !payload->driver.pooled)))
        return device->next.GetFenceWin32HandleKHR(handle, info, out);
    why = why_not(payload, info->handleType);
    if (why)
        return refuse_export(device, info->fence, VK_ERROR_UNKNOWN, why);
    /* A peer that is handed it must not see less than this process does. */
    ntf_device_pull(device, payload);
    if (payload->object->global == 0)
        return export_nt(device, info->fence, payload, out);
    /* The same number every time; nobody closes it. */
    *out = (HANDLE)(uintptr_t)payload->object->global;
    return VK_SUCCESS;
}
