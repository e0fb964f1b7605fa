/* SPDX-License-Identifier: Apache-2.0 */
#include "vulkan/dispatch.h"

#include <stddef.h>
#include <string.h>

#include "vulkan/commands.h"

enum kind { KIND_HOOK, KIND_OWN, KIND_PHYSICAL, KIND_CALL };

struct command {
    const char *name;
    PFN_vkVoidFunction hook; /* NULL: only called */
    size_t offset;           /* of the next layer's pointer in its table */
    enum kind kind;
};

#define ENTRY(Table, Name, Hook, Kind) \
    { "vk" #Name, (PFN_vkVoidFunction)(Hook), offsetof(struct Table, Name), Kind },

static const struct command device_commands[] = {
#define HOOK(Name) ENTRY(ntf_device_table, Name, ntf_vk##Name, KIND_HOOK)
#define OWN(Name) ENTRY(ntf_device_table, Name, ntf_vk##Name, KIND_OWN)
#define CALL(Name) ENTRY(ntf_device_table, Name, NULL, KIND_CALL)
    NTF_DEVICE_COMMANDS(HOOK, OWN, CALL)
#undef HOOK
#undef OWN
#undef CALL
};

static const struct command instance_commands[] = {
#define PHYSICAL(Name) ENTRY(ntf_instance_table, Name, ntf_vk##Name, KIND_PHYSICAL)
#define HOOK(Name) ENTRY(ntf_instance_table, Name, ntf_vk##Name, KIND_HOOK)
#define CALL(Name) ENTRY(ntf_instance_table, Name, NULL, KIND_CALL)
    NTF_INSTANCE_COMMANDS(PHYSICAL, HOOK, CALL)
#undef PHYSICAL
#undef HOOK
#undef CALL
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* All members of a table are pointers to functions, whatever their type. */
static PFN_vkVoidFunction read_pointer(const void *table, const struct command *command)
{
    PFN_vkVoidFunction pointer;

    memcpy(&pointer, (const char *)table + command->offset, sizeof pointer);
    return pointer;
}

static void write_pointer(void *table, const struct command *command, PFN_vkVoidFunction pointer)
{
    memcpy((char *)table + command->offset, &pointer, sizeof pointer);
}

static const struct command *find(const struct command *commands, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

void ntf_device_table_fill(struct ntf_device_table *table, VkDevice device, PFN_vkGetDeviceProcAddr next, bool native)
{
    for (size_t i = 0; i < COUNT(device_commands); i++) {
        const struct command *command = &device_commands[i];
        const bool ask = command->kind != KIND_OWN || native;

        write_pointer(table, command, ask ? next(device, command->name) : NULL);
    }
}

void ntf_instance_table_fill(struct ntf_instance_table *table, VkInstance instance, PFN_vkGetInstanceProcAddr next)
{
    for (size_t i = 0; i < COUNT(instance_commands); i++)
        write_pointer(table, &instance_commands[i], next(instance, instance_commands[i].name));
}

enum ntf_answer ntf_device_answer(const struct ntf_device_table *table, bool can_get, const char *name,
                                  PFN_vkVoidFunction *hook)
{
    const struct command *command = find(device_commands, COUNT(device_commands), name);

    if (!command || command->kind == KIND_CALL)
        return NTF_ANSWER_NEXT;
    if (command->kind == KIND_OWN) {
        /* VK_NTFENCE_fence_import alone brings the import and no more. */
        if (!can_get && command->hook == (PFN_vkVoidFunction)ntf_vkGetFenceWin32HandleKHR)
            return NTF_ANSWER_NONE;
    } else if (!read_pointer(table, command)) {
        /* A hook for what the next layer does not have would turn an honest NULL into a crash. */
        return NTF_ANSWER_NONE;
    }
    *hook = command->hook;
    return NTF_ANSWER_OURS;
}

enum ntf_answer ntf_instance_answer(const struct ntf_instance_table *table, const char *name,
                                    PFN_vkVoidFunction *hook)
{
    const struct command *command = find(instance_commands, COUNT(instance_commands), name);

    if (!command || command->kind == KIND_CALL)
        return NTF_ANSWER_NEXT;
    if (!read_pointer(table, command))
        return NTF_ANSWER_NONE;
    *hook = command->hook;
    return NTF_ANSWER_OURS;
}

enum ntf_answer ntf_physical_answer(const struct ntf_instance_table *table, const char *name,
                                    PFN_vkVoidFunction *hook)
{
    const struct command *command = find(instance_commands, COUNT(instance_commands), name);

    if (!command || command->kind == KIND_CALL)
        return NTF_ANSWER_NEXT;
    /* Loader interface: NULL for a command of the layer's that is not on a physical device. */
    if (command->kind != KIND_PHYSICAL || !read_pointer(table, command))
        return NTF_ANSWER_NONE;
    *hook = command->hook;
    return NTF_ANSWER_OURS;
}
