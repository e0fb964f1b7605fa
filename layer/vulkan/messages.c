/* SPDX-License-Identifier: Apache-2.0 */
#include "vulkan/messages.h"

#include <stdlib.h>
#include <string.h>

#include "base/deadline.h"
#include "vulkan/chain.h"
#include "vulkan/commands.h"
#include "vulkan/instance.h"

enum kind { KIND_UTILS, KIND_REPORT };

struct ntf_messenger {
    struct ntf_messenger *next; /* protected by the list's lock */
    uint64_t serial;            /* immutable, as is all that follows but calls */
    enum kind kind;
    uint64_t handle; /* 0: of the instance's creation */
    uint32_t severities; /* bit n: severity n is wanted */
    union {
        PFN_vkDebugUtilsMessengerCallbackEXT utils;
        PFN_vkDebugReportCallbackEXT report;
    } callback;
    void *user;
    ntf_au32 calls; /* threads inside the callback; written under the list's lock */
};

/* ---- the list ---- */

void ntf_messages_init(struct ntf_messages *messages)
{
    ntf_lock_init(&messages->lock);
    messages->first = messages->last = NULL;
    messages->serials = 0;
    ntf_init(&messages->wanted, 0);
}

void ntf_messages_finish(struct ntf_messages *messages)
{
    while (messages->first) {
        struct ntf_messenger *messenger = messages->first;

        messages->first = messenger->next;
        free(messenger);
    }
    messages->last = NULL;
}

static void count_wanted_locked(struct ntf_messages *messages)
{
    uint32_t wanted = 0;

    for (const struct ntf_messenger *m = messages->first; m; m = m->next)
        wanted |= m->severities;
    ntf_store(&messages->wanted, wanted, NTF_RELEASE);
}

/* Without memory the messenger simply does not hear of us. */
static void add(struct ntf_messages *messages, const struct ntf_messenger *wanted)
{
    struct ntf_messenger *messenger;

    if (wanted->severities == 0 || !(messenger = malloc(sizeof *messenger)))
        return;
    messenger->next = NULL;
    messenger->kind = wanted->kind;
    messenger->handle = wanted->handle;
    messenger->severities = wanted->severities;
    messenger->callback = wanted->callback;
    messenger->user = wanted->user;
    ntf_init(&messenger->calls, 0);
    ntf_lock_take(&messages->lock);
    messenger->serial = ++messages->serials;
    if (messages->last)
        messages->last->next = messenger;
    else
        messages->first = messenger;
    messages->last = messenger;
    count_wanted_locked(messages);
    ntf_lock_drop(&messages->lock);
}

static struct ntf_messenger *unlink_locked(struct ntf_messages *messages, enum kind kind, uint64_t handle)
{
    struct ntf_messenger *before = NULL, *messenger = messages->first;

    while (messenger && (messenger->kind != kind || messenger->handle != handle)) {
        before = messenger;
        messenger = messenger->next;
    }
    if (!messenger)
        return NULL;
    if (before)
        before->next = messenger->next;
    else
        messages->first = messenger->next;
    if (messages->last == messenger)
        messages->last = before;
    count_wanted_locked(messages);
    return messenger;
}

/* Takes a messenger out and waits until nobody is inside it: the thread of a lane may be (fence/bridge.h), which the
 * application's own synchronisation knows nothing of. False: there was none. */
static bool remove_one(struct ntf_messages *messages, enum kind kind, uint64_t handle)
{
    struct ntf_messenger *messenger;
    uint32_t calls;

    ntf_lock_take(&messages->lock);
    messenger = unlink_locked(messages, kind, handle);
    while (messenger && (calls = ntf_load(&messenger->calls, NTF_ACQUIRE)) != 0) {
        ntf_lock_drop(&messages->lock);
        ntf_os_park(&messenger->calls, calls, NTF_FOREVER);
        ntf_lock_take(&messages->lock);
    }
    ntf_lock_drop(&messages->lock);
    if (!messenger)
        return false;
    free(messenger);
    return true;
}

/* ---- what each kind asks for ---- */

static void add_utils(struct ntf_messages *messages, const VkDebugUtilsMessengerCreateInfoEXT *info, uint64_t handle)
{
    struct ntf_messenger m = { .kind = KIND_UTILS, .handle = handle, .user = info->pUserData };

    m.callback.utils = info->pfnUserCallback;
    /* VkDebugUtilsMessengerCreateInfoEXT: called for what matches both messageSeverity and messageType. */
    if (!(info->messageType & VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT) || !info->pfnUserCallback)
        return;
    if (info->messageSeverity & VK_DEBUG_UTILS_MESSAGE_SEVERITY_INFO_BIT_EXT)
        m.severities |= 1u << NTF_LOG_INFO;
    if (info->messageSeverity & VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT)
        m.severities |= 1u << NTF_LOG_WARNING;
    if (info->messageSeverity & VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT)
        m.severities |= 1u << NTF_LOG_ERROR;
    add(messages, &m);
}

static void add_report(struct ntf_messages *messages, const VkDebugReportCallbackCreateInfoEXT *info, uint64_t handle)
{
    struct ntf_messenger m = { .kind = KIND_REPORT, .handle = handle, .user = info->pUserData };

    m.callback.report = info->pfnCallback;
    if (!info->pfnCallback)
        return;
    if (info->flags & VK_DEBUG_REPORT_INFORMATION_BIT_EXT)
        m.severities |= 1u << NTF_LOG_INFO;
    if (info->flags & VK_DEBUG_REPORT_WARNING_BIT_EXT)
        m.severities |= 1u << NTF_LOG_WARNING;
    if (info->flags & VK_DEBUG_REPORT_ERROR_BIT_EXT)
        m.severities |= 1u << NTF_LOG_ERROR;
    add(messages, &m);
}

void ntf_messages_add_chain(struct ntf_messages *messages, const void *next)
{
    struct ntf_chain chain = ntf_chain_begin(next);
    const VkBaseInStructure *node;

    while ((node = ntf_chain_step(&chain))) {
        const void *info = node;

        if (node->sType == VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT)
            add_utils(messages, info, 0);
        else if (node->sType == VK_STRUCTURE_TYPE_DEBUG_REPORT_CALLBACK_CREATE_INFO_EXT)
            add_report(messages, info, 0);
    }
}

void ntf_messages_drop_chain(struct ntf_messages *messages)
{
    while (remove_one(messages, KIND_UTILS, 0))
        ;
    while (remove_one(messages, KIND_REPORT, 0))
        ;
}

/* ---- telling ---- */

/* A number for programs that cannot compare texts: FNV-1a of the code, so that it is as stable as that. */
static int32_t number_of(const char *code)
{
    uint32_t hash = 2166136261u;

    for (; *code; code++)
        hash = (hash ^ (unsigned char)*code) * 16777619u;
    return (int32_t)(hash & INT32_MAX);
}

static void call_utils(const struct ntf_messenger *m, enum ntf_severity severity, const char *code, const char *text)
{
    static const VkDebugUtilsMessageSeverityFlagBitsEXT bits[] = {
        [NTF_LOG_INFO] = VK_DEBUG_UTILS_MESSAGE_SEVERITY_INFO_BIT_EXT,
        [NTF_LOG_WARNING] = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT,
        [NTF_LOG_ERROR] = VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
    };
    const VkDebugUtilsMessengerCallbackDataEXT data = {
        .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CALLBACK_DATA_EXT,
        .pMessageIdName = code,
        .messageIdNumber = number_of(code),
        .pMessage = text,
    };

    /* The answer is the application's wish to abort, which is for layers that check usage. */
    (void)m->callback.utils(bits[severity], VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT, &data, m->user);
}

static void call_report(const struct ntf_messenger *m, enum ntf_severity severity, const char *code, const char *text)
{
    static const VkDebugReportFlagsEXT bits[] = {
        [NTF_LOG_INFO] = VK_DEBUG_REPORT_INFORMATION_BIT_EXT,
        [NTF_LOG_WARNING] = VK_DEBUG_REPORT_WARNING_BIT_EXT,
        [NTF_LOG_ERROR] = VK_DEBUG_REPORT_ERROR_BIT_EXT,
    };
    struct ntf_text line;

    ntf_text_init(&line);
    ntf_text_add(&line, "%s: %s", code, text);
    (void)m->callback.report(bits[severity], VK_DEBUG_REPORT_OBJECT_TYPE_UNKNOWN_EXT, 0, 0, number_of(code),
                             "ntfence", line.bytes, m->user);
}

/* Enters the first messenger behind serial that wants the severity; NULL: no more. */
static struct ntf_messenger *enter_next(struct ntf_messages *messages, uint64_t serial, enum ntf_severity severity)
{
    struct ntf_messenger *m;

    ntf_lock_take(&messages->lock);
    m = messages->first;
    while (m && (m->serial <= serial || !(m->severities & 1u << severity)))
        m = m->next;
    if (m)
        ntf_fetch_add(&m->calls, 1, NTF_ACQ_REL);
    ntf_lock_drop(&messages->lock);
    return m;
}

/* Under the lock, so that whoever removes it does not free it before this thread has let go. */
static void leave(struct ntf_messages *messages, struct ntf_messenger *m)
{
    ntf_lock_take(&messages->lock);
    if (ntf_fetch_sub(&m->calls, 1, NTF_ACQ_REL) == 1)
        ntf_os_unpark_all(&m->calls);
    ntf_lock_drop(&messages->lock);
}

bool ntf_messages_sink(void *context, enum ntf_severity severity, const char *code, const char *text)
{
    struct ntf_messages *messages = context;
    struct ntf_messenger *m;
    uint64_t serial = 0;

    while ((m = enter_next(messages, serial, severity))) {
        serial = m->serial;
        if (m->kind == KIND_UTILS)
            call_utils(m, severity, code, text);
        else
            call_report(m, severity, code, text);
        leave(messages, m);
    }
    return serial != 0;
}

bool ntf_messages_wanted(struct ntf_messages *messages, const struct ntf_log *log, enum ntf_severity severity)
{
    return severity >= log->fallback || log->path[0] != '\0'
        || (ntf_load(&messages->wanted, NTF_ACQUIRE) & 1u << severity) != 0;
}

/* ---- the commands ---- */

/* Handles that are not dispatchable are 64 bits wide on every platform, as a pointer or as a number. */
#define NUMBER_OF(handle, number) memcpy(&(number), &(handle), sizeof(number))
_Static_assert(sizeof(VkDebugUtilsMessengerEXT) == 8 && sizeof(VkDebugReportCallbackEXT) == 8, "64-bit handles");

NTF_COMMAND(VkResult)
ntf_vkCreateDebugUtilsMessengerEXT(VkInstance handle, const VkDebugUtilsMessengerCreateInfoEXT *info,
                                   const VkAllocationCallbacks *allocator, VkDebugUtilsMessengerEXT *out)
{
    struct ntf_instance *instance = ntf_registry_instance(handle);
    const VkResult result = instance->next.CreateDebugUtilsMessengerEXT(handle, info, allocator, out);
    uint64_t number;

    if (result == VK_SUCCESS) {
        NUMBER_OF(*out, number);
        add_utils(&instance->messages, info, number);
    }
    return result;
}

NTF_COMMAND(void)
ntf_vkDestroyDebugUtilsMessengerEXT(VkInstance handle, VkDebugUtilsMessengerEXT messenger,
                                    const VkAllocationCallbacks *allocator)
{
    struct ntf_instance *instance = ntf_registry_instance(handle);
    uint64_t number;

    NUMBER_OF(messenger, number);
    if (number)
        remove_one(&instance->messages, KIND_UTILS, number);
    instance->next.DestroyDebugUtilsMessengerEXT(handle, messenger, allocator);
}

NTF_COMMAND(VkResult)
ntf_vkCreateDebugReportCallbackEXT(VkInstance handle, const VkDebugReportCallbackCreateInfoEXT *info,
                                   const VkAllocationCallbacks *allocator, VkDebugReportCallbackEXT *out)
{
    struct ntf_instance *instance = ntf_registry_instance(handle);
    const VkResult result = instance->next.CreateDebugReportCallbackEXT(handle, info, allocator, out);
    uint64_t number;

    if (result == VK_SUCCESS) {
        NUMBER_OF(*out, number);
        add_report(&instance->messages, info, number);
    }
    return result;
}

NTF_COMMAND(void)
ntf_vkDestroyDebugReportCallbackEXT(VkInstance handle, VkDebugReportCallbackEXT callback,
                                    const VkAllocationCallbacks *allocator)
{
    struct ntf_instance *instance = ntf_registry_instance(handle);
    uint64_t number;

    NUMBER_OF(callback, number);
    if (number)
        remove_one(&instance->messages, KIND_REPORT, number);
    instance->next.DestroyDebugReportCallbackEXT(handle, callback, allocator);
}
