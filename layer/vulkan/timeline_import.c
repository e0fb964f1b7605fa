/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Semaphores that are D3DKMT objects: whether the driver takes such objects, and the semaphore of a payload. A timeline
 * is imported permanently (VUID-VkImportSemaphoreWin32HandleInfoKHR-flags-03322). Handles stay whose they are.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "kmt/os/system.h"
#include "vulkan/physical.h"
#include "vulkan/reasons.h"
#include "vulkan/timeline_parts.h"

#define HANDLE_TYPE VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_D3D12_FENCE_BIT

VkResult ntf_timeline_semaphore(struct ntf_device *device, VkSemaphore *out)
{
    static const VkSemaphoreTypeCreateInfo type = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
        .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
    };
    static const VkSemaphoreCreateInfo info = { .sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &type };

    return device->next.CreateSemaphore(device->handle, &info, NULL, out);
}

/* Either of handle and name. */
static VkResult import(struct ntf_device *device, ntf_handle handle, LPCWSTR name, VkSemaphore *out)
{
    VkImportSemaphoreWin32HandleInfoKHR info = {
        .sType = VK_STRUCTURE_TYPE_IMPORT_SEMAPHORE_WIN32_HANDLE_INFO_KHR,
        .handleType = HANDLE_TYPE,
        .handle = handle,
        .name = name,
    };
    VkResult result = ntf_timeline_semaphore(device, &info.semaphore);

    if (result != VK_SUCCESS)
        return result;
    result = device->next.ImportSemaphoreWin32HandleKHR(device->handle, &info);
    if (result == VK_SUCCESS)
        *out = info.semaphore;
    else
        device->next.DestroySemaphore(device->handle, info.semaphore, NULL);
    return result;
}

/* By a handle made for it. NTF_STATUS_SUCCESS in *status: there was one. */
static VkResult import_shared(struct ntf_device *device, struct ntf_object *object, VkSemaphore *out,
                              ntf_status *status)
{
    ntf_object_attributes attributes = { .Length = sizeof attributes };
    VkResult result;
    ntf_handle handle;

    *status = NTF_STATUS_SUCCESS;
    if (object->ops->share(object, &attributes, NTF_ACCESS_ALL, &handle, status) != NTF_OK) {
        if (*status == NTF_STATUS_SUCCESS)
            *status = NTF_STATUS_UNSUCCESSFUL;
        return VK_ERROR_INVALID_EXTERNAL_HANDLE;
    }
    result = import(device, handle, NULL, out);
    ntf_system_close_handle(handle);
    return result;
}

/* ---- the driver on trial ---- */

static bool is_importable(struct ntf_instance *instance, VkPhysicalDevice physical)
{
    const VkSemaphoreTypeCreateInfo type = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
        .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
    };
    const VkPhysicalDeviceExternalSemaphoreInfo info = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_SEMAPHORE_INFO,
        .pNext = &type,
        .handleType = HANDLE_TYPE,
    };
    VkExternalSemaphoreProperties properties = { .sType = VK_STRUCTURE_TYPE_EXTERNAL_SEMAPHORE_PROPERTIES };
    PFN_vkGetPhysicalDeviceExternalSemaphoreProperties next =
        instance->next.GetPhysicalDeviceExternalSemaphoreProperties;

    if (ntf_physical_version(instance, physical) < VK_API_VERSION_1_1)
        next = instance->next.GetPhysicalDeviceExternalSemaphorePropertiesKHR;
    if (!next)
        return false;
    next(physical, &info, &properties);
    return properties.externalSemaphoreFeatures & VK_EXTERNAL_SEMAPHORE_FEATURE_IMPORTABLE_BIT;
}

/* What the semaphore is signalled with has to show in the object, and the other way round. */
static bool is_one(struct ntf_device *device, VkSemaphore semaphore, struct ntf_object *object, bool core)
{
    const PFN_vkSignalSemaphore signal = core ? device->next.SignalSemaphore : device->next.SignalSemaphoreKHR;
    const VkSemaphoreSignalInfo one = { .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO,
                                        .semaphore = semaphore, .value = 1 };
    uint64_t value = 0;

    if (!signal || signal(device->handle, &one) != VK_SUCCESS || ntf_object_value(object) != 1)
        return false;
    return object->ops->signal(object, 2, NULL) == NTF_OK &&
           device->timelines->counter(device->handle, semaphore, &value) == VK_SUCCESS && value == 2;
}

/* NULL: it has passed. */
static const char *try_object(struct ntf_device *device, struct ntf_object *object, bool core)
{
    VkSemaphore semaphore;
    ntf_status status;
    const VkResult result = import_shared(device, object, &semaphore, &status);
    bool passed;

    if (status != NTF_STATUS_SUCCESS)
        return "the object to try it with cannot be shared";
    if (result != VK_SUCCESS)
        return "the driver does not import an object of this D3DKMT";
    passed = is_one(device, semaphore, object, core);
    device->next.DestroySemaphore(device->handle, semaphore, NULL);
    return passed ? NULL : "a semaphore that the driver has imported does not show the object's value";
}

static const char *prove(struct ntf_device *device, VkPhysicalDevice physical, bool core)
{
    struct ntf_trace trace = { 0 };
    struct ntf_object *object;
    const char *why;

    if (!is_importable(device->instance, physical))
        return "the driver says that it imports no Direct3D 12 fence as a timeline";
    if (!device->kmt || ntf_kmt_create(device->kmt, 0, &object, &trace) != NTF_OK)
        return "there is no object to try it with";
    why = try_object(device, object, core);
    object->ops->close(object);
    return why;
}

/* ---- the beginning of a device ---- */

static void tell_route(struct ntf_device *device, const char *why)
{
    if (ntf_instance_wants(device->instance, NTF_LOG_INFO))
        ntf_log_write(&device->instance->log, NTF_LOG_INFO, ntf_reasons.INFO_ROUTE, "queue signals go by %s: %s",
                      device->timelines ? "the timeline route" : "the bridge", why);
}

static bool has_commands(const struct ntf_device *device)
{
    return device->next.CreateSemaphore && device->next.DestroySemaphore &&
           device->next.ImportSemaphoreWin32HandleKHR && device->timelines->counter;
}

static const char *begin(struct ntf_device *device, VkPhysicalDevice physical, const struct ntf_timeline_plan *plan)
{
    const bool core = ntf_physical_version(device->instance, physical) >= VK_API_VERSION_1_2;
    const char *why;

    device->timelines->device = device;
    device->timelines->counter =
        core ? device->next.GetSemaphoreCounterValue : device->next.GetSemaphoreCounterValueKHR;
    device->adds_semaphores = plan->adds_semaphores;
    device->adds_timelines = plan->adds_timelines;
    if (!has_commands(device))
        why = "the driver lacks a command that it should have";
    else
        why = plan->forced ? NULL : prove(device, physical, core);
    if (!why)
        return NULL;
    free(device->timelines);
    device->timelines = NULL;
    return why;
}

void ntf_timelines_begin(struct ntf_device *device, VkPhysicalDevice physical, const struct ntf_timeline_plan *plan)
{
    const char *why = plan->why;

    if (plan->wanted) {
        device->timelines = calloc(1, sizeof *device->timelines);
        why = device->timelines ? begin(device, physical, plan) : "out of memory";
    }
    if (!why)
        why = plan->forced ? "the setting route wants it, unproven" : "the driver imports objects of this D3DKMT";
    tell_route(device, why);
}

/* ---- a payload's semaphore ---- */

static void tell_refusal(struct ntf_device *device, VkResult result, ntf_status status)
{
    struct ntf_text text;

    if (!ntf_instance_wants(device->instance, NTF_LOG_INFO))
        return;
    ntf_text_init(&text);
    if (status != NTF_STATUS_SUCCESS)
        ntf_text_add(&text, "there is no handle for it: 0x%08X (%s)", (unsigned)status, ntf_status_name(status));
    else
        ntf_text_add(&text, "the driver does not import it: VkResult %d", (int)result);
    ntf_log_write(&device->instance->log, NTF_LOG_INFO, ntf_reasons.INFO_ROUTE,
                  "queue signals of this import go by the bridge: %s", text.bytes);
}

static void end(struct ntf_writer *writer)
{
    struct ntf_timeline *timeline = (struct ntf_timeline *)writer;
    struct ntf_device *device = timeline->device;

    device->next.DestroySemaphore(device->handle, timeline->semaphore, NULL);
    ntf_timeline_object_leave(timeline->object);
    free(timeline);
}

static bool timeline_new(struct ntf_device *device, struct ntf_payload *payload, VkSemaphore semaphore)
{
    struct ntf_timeline *timeline = malloc(sizeof *timeline);

    if (!timeline)
        return false;
    *timeline = (struct ntf_timeline){ .writer = { end }, .device = device, .payload = payload,
                                       .semaphore = semaphore };
    ntf_init(&timeline->submitted, 0);
    ntf_init(&timeline->seen, 0);
    timeline->object = ntf_timeline_object_join(payload->object->value);
    if (!timeline->object) {
        free(timeline);
        return false;
    }
    payload->writer = &timeline->writer;
    return true;
}

void ntf_timeline_attach(struct ntf_device *device, struct ntf_payload *payload, ntf_handle handle, LPCWSTR name)
{
    ntf_status status = NTF_STATUS_SUCCESS;
    VkSemaphore semaphore;
    VkResult result;

    if (!device->timelines || payload->kind != NTF_PAYLOAD_VALUE)
        return;
    if (payload->object->refresh) /* its value is a copy, by whose address imports of one object cannot be known */
        return;
    /* The trial was with an object of the provider's, which says nothing of one of soft's beside a kernel. */
    if (payload->object->rung == NTF_RUNG_SOFT && ntf_kmt_provider(device->kmt) != NTF_PROVIDER_SOFT)
        return;
    /* VUID-VkImportSemaphoreWin32HandleInfoKHR-handleType-01468, -01467: a resource's handle is none of D3D12_FENCE. */
    if (handle && payload->object->rung != NTF_RUNG_BUNDLE)
        result = import(device, handle, NULL, &semaphore);
    else
        result = import_shared(device, payload->object, &semaphore, &status);
    /* A kernel may refuse to share what was only opened. */
    if (result != VK_SUCCESS && name && payload->object->rung != NTF_RUNG_BUNDLE) {
        status = NTF_STATUS_SUCCESS;
        result = import(device, NULL, name, &semaphore);
    }
    if (result == VK_SUCCESS && !timeline_new(device, payload, semaphore)) {
        device->next.DestroySemaphore(device->handle, semaphore, NULL);
        result = VK_ERROR_OUT_OF_HOST_MEMORY;
    }
    if (result == VK_ERROR_DEVICE_LOST)
        ntf_device_lose(device);
    if (result != VK_SUCCESS)
        tell_refusal(device, result, status);
}
