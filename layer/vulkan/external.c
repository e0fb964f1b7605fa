/* SPDX-License-Identifier: Apache-2.0 */
/* External fences: what can be imported, and the import. */
#include <inttypes.h>

#include "fence/codec.h"
#include "vulkan/chain.h"
#include "vulkan/commands.h"
#include "vulkan/descriptor.h"
#include "vulkan/device.h"
#include "vulkan/physical.h"
#include "vulkan/reasons.h"

#define NAME_UNITS_SHOWN 80

/* ---- the query ---- */

/* True when the layer has answered. Only the three members of the result are written: sType and pNext are the
 * application's. */
static bool answer_properties(struct ntf_instance *instance, VkPhysicalDevice physical,
                              const VkPhysicalDeviceExternalFenceInfo *info, VkExternalFenceProperties *properties)
{
    const VkExternalFenceHandleTypeFlagBits type = info->handleType;
    const bool nt = type == VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT;

    if (!nt && type != VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT)
        return false;
    if (!ntf_physical_served(instance, ntf_physical_traits(instance, physical)))
        return false;
    /* VkExternalFenceProperties: an unsupported type has all three members zero. An object that can be shared by NT
     * handle has no global handle, so neither type goes with the other. */
    properties->exportFromImportedHandleTypes = 0;
    properties->compatibleHandleTypes = 0;
    properties->externalFenceFeatures = 0;
    if (ntf_physical_probe(instance, physical) & (nt ? NTF_PHYSICAL_NT : NTF_PHYSICAL_GLOBAL)) {
        properties->exportFromImportedHandleTypes = type;
        properties->compatibleHandleTypes = type;
        properties->externalFenceFeatures =
            VK_EXTERNAL_FENCE_FEATURE_EXPORTABLE_BIT | VK_EXTERNAL_FENCE_FEATURE_IMPORTABLE_BIT;
    }
    return true;
}

NTF_COMMAND(void)
ntf_vkGetPhysicalDeviceExternalFenceProperties(VkPhysicalDevice physical,
                                               const VkPhysicalDeviceExternalFenceInfo *info,
                                               VkExternalFenceProperties *properties)
{
    struct ntf_instance *instance = ntf_registry_instance(physical);

    if (!answer_properties(instance, physical, info, properties))
        instance->next.GetPhysicalDeviceExternalFenceProperties(physical, info, properties);
}

NTF_COMMAND(void)
ntf_vkGetPhysicalDeviceExternalFencePropertiesKHR(VkPhysicalDevice physical,
                                                  const VkPhysicalDeviceExternalFenceInfo *info,
                                                  VkExternalFenceProperties *properties)
{
    struct ntf_instance *instance = ntf_registry_instance(physical);

    if (!answer_properties(instance, physical, info, properties))
        instance->next.GetPhysicalDeviceExternalFencePropertiesKHR(physical, info, properties);
}

/* ---- the import ---- */

struct import {
    struct ntf_device *device;
    const VkImportFenceWin32HandleInfoKHR *info;
    const NtfenceImportValueInfo *value;      /* NULL: not in the chain */
    const NtfenceImportKeyedMutexInfo *keyed; /* the same */
    struct ntf_trace trace;
};

static void add_subject(struct ntf_text *text, const VkImportFenceWin32HandleInfoKHR *info)
{
    ntf_text_add(text, "fence 0x%" PRIx64, ntf_fence_number(info->fence));
    if (info->handle || !info->name)
        ntf_text_add(text, ", handle 0x%" PRIxPTR, (uintptr_t)info->handle);
    if (info->name) {
        ntf_text_add(text, ", name \"");
        ntf_text_add_utf16(text, (const uint16_t *)info->name, NAME_UNITS_SHOWN);
        ntf_text_add(text, "\"");
    }
}

/* One line: the code, what was given, why, and every step that was tried. Nothing else has happened. */
static VkResult refuse(const struct import *import, const char *code, const char *why)
{
    struct ntf_text text;

    ntf_text_init(&text);
    ntf_text_add(&text, "import refused: %s; ", why);
    add_subject(&text, import->info);
    if (import->trace.count) {
        ntf_text_add(&text, "; tried: ");
        ntf_trace_describe(&import->trace, &text);
    }
    ntf_log_write(&import->device->instance->log, NTF_LOG_ERROR, code, "%s", text.bytes);
    return VK_ERROR_INVALID_EXTERNAL_HANDLE;
}

static VkResult refuse_without_provider(const struct import *import)
{
    struct ntf_text text;

    ntf_text_init(&text);
    ntf_text_add(&text, "no D3DKMT provider is usable in this process (");
    ntf_kmt_describe_verdicts(import->device->verdicts, &text);
    ntf_text_add(&text, ")");
    return refuse(import, ntf_reasons.IMPORT_SYSTEM, text.bytes);
}

/* Whether the chain holds our structures, each of them once at most, and nothing else. */
static bool read_chain(struct import *import)
{
    struct ntf_chain chain = ntf_chain_begin(import->info->pNext);
    const VkBaseInStructure *node;

    while ((node = ntf_chain_step(&chain))) {
        const bool value = node->sType == NTFENCE_STRUCTURE_TYPE_IMPORT_VALUE_INFO && !import->value;
        const bool keyed = node->sType == NTFENCE_STRUCTURE_TYPE_IMPORT_KEYED_MUTEX_INFO && !import->keyed;

        if ((!value && !keyed) || !import->device->beyond)
            return false;
        if (value)
            import->value = (const void *)node;
        else
            import->keyed = (const void *)node;
    }
    return chain.left > 0;
}

static bool is_global(const VkImportFenceWin32HandleInfoKHR *info)
{
    return info->handleType == VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT;
}

static bool is_temporary(const VkImportFenceWin32HandleInfoKHR *info)
{
    return (info->flags & VK_FENCE_IMPORT_TEMPORARY_BIT) != 0;
}

static const char *const no_permanent_mutex = "a keyed mutex stands in for one wait: it is imported temporarily only";

/* What can be said without asking the kernel. NULL: nothing is wrong. */
static const char *check(const struct import *import, const char **why)
{
    const VkImportFenceWin32HandleInfoKHR *info = import->info;

    /* VUID-VkImportFenceWin32HandleInfoKHR-fence-parameter: what could not be a key of the table either. */
    *why = "fence is no fence";
    if (!info->fence || ntf_fence_number(info->fence) == NTF_TABLE_GONE)
        return ntf_reasons.IMPORT_FENCE;
    *why = "flags has bits that mean nothing";
    /* VUID-VkImportFenceWin32HandleInfoKHR-flags-parameter */
    if ((info->flags & ~(VkFenceImportFlags)VK_FENCE_IMPORT_TEMPORARY_BIT) || (import->value && import->value->flags) ||
        (import->keyed && import->keyed->flags))
        return ntf_reasons.IMPORT_FLAGS;
    *why = "a waitValue is given, and the keys of a mutex: an import is of one of the two";
    if (import->value && import->keyed)
        return ntf_reasons.IMPORT_STRUCTURES;
    *why = no_permanent_mutex;
    if (import->keyed && !is_temporary(info))
        return ntf_reasons.IMPORT_PERMANENT;
    *why = "handleType is none of the two of VK_KHR_external_fence_win32";
    /* VUID-VkImportFenceWin32HandleInfoKHR-handleType-01457 */
    if (info->handleType != VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT && !is_global(info))
        return ntf_reasons.IMPORT_TYPE;
    /* VUID-VkImportFenceWin32HandleInfoKHR-handle-01462, handleType-01459, handleType-01460, handleType-01461 */
    *why = info->handle ? "both a handle and a name are given" : "neither a handle nor a name is given";
    if (!info->handle == !info->name)
        return ntf_reasons.IMPORT_BOTH;
    *why = "a global handle has no name";
    if (is_global(info) && info->name)
        return ntf_reasons.IMPORT_BOTH;
    return NULL;
}

static VkResult refuse_object(const struct import *import, enum ntf_result result)
{
    switch (result) {
    case NTF_E_BAD_HANDLE:
        return refuse(import, ntf_reasons.IMPORT_HANDLE,
                      is_global(import->info) ? "the number is no global handle" : "the handle is no open NT handle");
    case NTF_E_NOT_FOUND:
        if (is_global(import->info))
            return refuse(import, ntf_reasons.IMPORT_HANDLE, "no object has that global handle any more");
        return refuse(import, ntf_reasons.IMPORT_NAME, "no object has that name");
    case NTF_E_BAD_NAME: return refuse(import, ntf_reasons.IMPORT_BAD_NAME, "the name is malformed or too long");
    case NTF_E_ACCESS_DENIED: return refuse(import, ntf_reasons.IMPORT_ACCESS, "too few rights");
    case NTF_E_NO_MEMORY:
        (void)refuse(import, ntf_reasons.IMPORT_MEMORY, "out of memory, descriptors or another quota");
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    default:
        return refuse(import, ntf_reasons.IMPORT_OBJECT,
                      import->keyed   ? "no keyed mutex, or not one that can be opened"
                      : import->value ? "no fence with values, or not one that can be opened"
                                      : "no fence, or not one that can be opened");
    }
}

/* The kind is decided here, once, by what the object was made with; a later value changes nothing. Takes what was
 * opened. */
static enum ntf_result make_payload(const struct import *import, const struct ntf_opened *opened,
                                    struct ntf_payload **out)
{
    const NtfenceImportKeyedMutexInfo *keyed = import->keyed;
    struct ntf_object *object = opened->object;

    if (opened->mutex)
        return ntf_payload_new_keyed(opened->mutex, keyed ? keyed->acquireKey : 0, keyed ? keyed->releaseKey : 0,
                                     &import->device->keyed, out);
    if (ntf_code_is_ours(ntf_object_value(object)))
        return ntf_payload_new_binary(object, out);
    return ntf_payload_new_value(object, import->value ? import->value->waitValue : 1, out);
}

static void add_payload(struct ntf_text *text, const struct ntf_payload *payload)
{
    const struct ntf_object *object = payload->object;
    const struct ntf_keyed *keyed = payload->keyed;

    if (keyed)
        ntf_text_add(text, "a keyed mutex%s, opened by rung %s; acquire key %" PRIu64 ", release key %" PRIu64 "; ",
                     keyed->mutex->companion ? " with a fence" : "", ntf_rung_name(keyed->mutex->rung),
                     keyed->acquire_key, keyed->release_key);
    else
        ntf_text_add(text, "a %s fence, opened by rung %s; ",
                     object->kind == NTF_OBJECT_NATIVE ? "native" : "monitored", ntf_rung_name(object->rung));
    if (payload->kind == NTF_PAYLOAD_BINARY)
        ntf_text_add(text, "made by ntfence, signalled or not; ");
    else if (!keyed)
        ntf_text_add(text, "target %" PRIu64 "; ", ntf_payload_target(payload));
}

static void tell_import(const struct import *import, const struct ntf_payload *payload)
{
    struct ntf_instance *instance = import->device->instance;
    struct ntf_text text;

    if (!ntf_instance_wants(instance, NTF_LOG_INFO))
        return;
    ntf_text_init(&text);
    ntf_text_add(&text, "imported %s by %s: ", is_temporary(import->info) ? "temporarily" : "permanently",
                 is_global(import->info) ? "global handle" : import->info->handle ? "handle" : "name");
    add_payload(&text, payload);
    add_subject(&text, import->info);
    ntf_log_write(&instance->log, NTF_LOG_INFO, ntf_reasons.INFO_IMPORT, "%s", text.bytes);
}

/* A D3DKMT_HANDLE carried in a HANDLE: 32 bits of it. */
static enum ntf_result open_global(struct import *import, enum ntf_wanted wanted, struct ntf_opened *out)
{
    const uintptr_t number = (uintptr_t)import->info->handle;

    if (number != (D3DKMT_HANDLE)number) {
        ntf_trace_add(&import->trace, "global handle", NTF_STATUS_INVALID_PARAMETER, "it has more than 32 bits");
        return NTF_E_BAD_HANDLE;
    }
    return ntf_kmt_open_any_global(import->device->kmt, (D3DKMT_HANDLE)number, wanted, out, &import->trace);
}

/* By the structure in the chain the application has said what it means. */
static enum ntf_result open_any(struct import *import, struct ntf_opened *out)
{
    const enum ntf_wanted wanted = import->keyed ? NTF_WANT_MUTEX : import->value ? NTF_WANT_FENCE : NTF_WANT_ANY;
    const VkImportFenceWin32HandleInfoKHR *info = import->info;
    struct ntf_kmt *kmt = import->device->kmt;

    if (is_global(info))
        return open_global(import, wanted, out);
    if (info->handle)
        return ntf_kmt_open_any_handle(kmt, info->handle, wanted, out, &import->trace);
    return ntf_kmt_open_any_name(kmt, (const char16_t *)info->name, wanted, out, &import->trace);
}

/* Build first, swap last ("Importing Fence Payloads": on failure the fence is as it was). The handle stays the
 * application's, which may close it as soon as this returns. */
static VkResult import_object(struct import *import)
{
    struct ntf_device *device = import->device;
    const VkImportFenceWin32HandleInfoKHR *info = import->info;
    struct ntf_opened opened = { NULL, NULL };
    struct ntf_payload *payload;
    enum ntf_result result = open_any(import, &opened);

    if (result != NTF_OK)
        return refuse_object(import, result);
    if (opened.mutex && !is_temporary(info)) {
        ntf_keyed_close_mutex(opened.mutex);
        return refuse(import, ntf_reasons.IMPORT_PERMANENT, no_permanent_mutex);
    }
    if (make_payload(import, &opened, &payload) != NTF_OK)
        return refuse_object(import, NTF_E_NO_MEMORY);
    if (import->value && payload->kind == NTF_PAYLOAD_BINARY) {
        ntf_payload_unref(payload);
        return refuse(import, ntf_reasons.IMPORT_VALUE,
                      "a waitValue is given for a fence of ntfence's own, which is signalled or not and has no values");
    }
    tell_import(import, payload);
    if (!ntf_payload_is_keyed(payload))
        ntf_timeline_attach(device, payload, is_global(info) ? NULL : info->handle, info->name);
    ntf_device_ask(device);
    /* What the payload in place still owes its object is delivered while it is known. */
    ntf_device_pull(device, ntf_device_payload(device, info->fence));
    ntf_timelines_retire(device);
    result = ntf_fences_import(&device->fences, ntf_fence_number(info->fence), payload,
                               is_temporary(info));
    if (result == NTF_OK)
        return VK_SUCCESS;
    ntf_payload_unref(payload);
    return refuse_object(import, NTF_E_NO_MEMORY);
}

/* A device that the layer does not serve, reached by a pointer of the instance's: the driver may have the command. */
static VkResult import_passed(VkDevice handle, const VkImportFenceWin32HandleInfoKHR *info)
{
    const PFN_vkGetDeviceProcAddr next = ntf_registry_passed(handle);
    const PFN_vkImportFenceWin32HandleKHR import =
        next ? (PFN_vkImportFenceWin32HandleKHR)next(handle, "vkImportFenceWin32HandleKHR") : NULL;

    return import ? import(handle, info) : VK_ERROR_INVALID_EXTERNAL_HANDLE;
}

/* Its payload takes the place of one of ours, as a descriptor's does. */
static VkResult import_by_driver(struct ntf_device *device, const VkImportFenceWin32HandleInfoKHR *info)
{
    const bool temporary = (info->flags & VK_FENCE_IMPORT_TEMPORARY_BIT) != 0;
    struct ntf_payload *loan;
    VkResult result;

    if (!ntf_driver_import_begin(device, info->fence, temporary, &loan))
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    result = device->next.ImportFenceWin32HandleKHR(device->handle, info);
    ntf_driver_import_end(device, info->fence, loan, result);
    return result;
}

NTF_COMMAND(VkResult)
ntf_vkImportFenceWin32HandleKHR(VkDevice handle, const VkImportFenceWin32HandleInfoKHR *info)
{
    struct import import = { .device = ntf_device_of(handle), .info = info };
    const char *code, *why;

    if (!import.device)
        return import_passed(handle, info);
    if (!read_chain(&import))
        return refuse(&import, ntf_reasons.IMPORT_CHAIN,
                      "a structure in the chain is unknown, repeated, or not enabled");
    /* Where the driver has the extension, an import without our structure means an object of the driver's. */
    if (import.device->native && !import.device->instance->force && !import.value && !import.keyed) {
        return import_by_driver(import.device, info);
    }
    code = check(&import, &why);
    if (code)
        return refuse(&import, code, why);
    if (!import.device->kmt)
        return refuse_without_provider(&import);
    return import_object(&import);
}
