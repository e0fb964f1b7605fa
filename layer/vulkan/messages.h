/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the layer's messages go: the application's debug-utils messengers and debug-report callbacks of an instance.
 *
 * The layer keeps its own list, by hooking their creation and destruction, and calls the callbacks itself, from the
 * thread that has something to say: once per messenger that asked for the severity and the type. Never under a lock
 * of the layer's; a messenger that is being called keeps its record until the call has returned.
 * The messengers in the chain of VkInstanceCreateInfo live until vkCreateInstance returns, as the specification
 * says; the layer has nothing to tell during vkDestroyInstance.
 */
#ifndef NTF_VULKAN_MESSAGES_H
#define NTF_VULKAN_MESSAGES_H

#include "base/log.h"
#include "base/os/os.h"
#include "ntfence.h"

struct ntf_messenger;
struct ntf_messages {
    struct ntf_lock lock;
    struct ntf_messenger *first; /* by ascending serial; protected by lock */
    struct ntf_messenger *last;  /* protected by lock */
    uint64_t serials;            /* given out so far; protected by lock */
    ntf_au32 wanted;             /* bit n: some messenger asked for severity n; atomic, written under lock */
};

void ntf_messages_init(struct ntf_messages *messages);
/* Nobody is in a callback any more. */
void ntf_messages_finish(struct ntf_messages *messages);

/* The messengers in the chain of an instance's creation; and their end. */
void ntf_messages_add_chain(struct ntf_messages *messages, const void *chain);
void ntf_messages_drop_chain(struct ntf_messages *messages);

/* struct ntf_log's sink; the context is a struct ntf_messages. */
bool ntf_messages_sink(void *context, enum ntf_severity severity, const char *code, const char *text);

/* Whether a line of that severity would reach anybody: worth asking before a long text is put together. */
bool ntf_messages_wanted(struct ntf_messages *messages, const struct ntf_log *log, enum ntf_severity severity);

#endif /* NTF_VULKAN_MESSAGES_H */
