// SPDX-License-Identifier: Apache-2.0
// What handles stand for. An object's address is its handle, and stays its own for good (but see FAKE_REUSE).
#include "driver.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 4096 };
static struct object *buckets[BUCKETS];

static struct object **bucket_of(uint64_t handle)
{
    return &buckets[(handle >> 4) % BUCKETS];
}

static struct object *take_free(enum kind kind, struct device *device)
{
    struct object *object = kind == KIND_FENCE && state.options[FAKE_REUSE] ? device->free_fences : NULL;

    if (!object || object->uses)
        return NULL;
    device->free_fences = object->next_free;
    return object;
}

static void enlist(struct object *object, struct device *device)
{
    object->same_bucket = *bucket_of(NUMBER(object));
    *bucket_of(NUMBER(object)) = object;
    object->device = device;
    if (!device)
        return;
    object->next_of_device = device->objects;
    device->objects = object;
}

void *object_new(enum kind kind, size_t size, struct device *device)
{
    struct object *object = take_free(kind, device);

    if (object) {
        memset(object + 1, 0, size - sizeof *object); // and it is in its lists already
    } else {
        object = calloc(1, size);
        if (!object)
            give_up("out of memory");
        enlist(object, device);
    }
    set_loader_magic_value(object);
    object->kind = kind;
    object->live = true;
    return object;
}

void object_end(struct object *object)
{
    object->live = false;
    if (object->kind == KIND_FENCE && state.options[FAKE_REUSE]) {
        object->next_free = object->device->free_fences;
        object->device->free_fences = object;
    }
}

void *object_find(uint64_t handle, enum kind kind)
{
    struct object *object = *bucket_of(handle);

    while (object && NUMBER(object) != handle)
        object = object->same_bucket;
    return object && object->kind == kind ? object : NULL;
}

const char *kind_name(enum kind kind)
{
    static const char *const names[] = {"instance", "physical device", "device", "queue", "command buffer", "fence",
                                        "semaphore", "event", "command pool", "swapchain", "surface", "image"};
    return names[kind];
}
