/* SPDX-License-Identifier: Apache-2.0 */
#include "kmt/soft/resource.h"

#include <stdlib.h>
#include <string.h>

struct soft_part soft_resource_runtime(const struct soft_resource *resource)
{
    const struct soft_part part = { resource->data, resource->runtime_bytes };

    return part;
}

struct soft_part soft_resource_driver(const struct soft_resource *resource)
{
    const struct soft_part part = { resource->data + resource->runtime_bytes, resource->driver_bytes };

    return part;
}

static const uint8_t *sizes_of(const struct soft_resource *resource)
{
    return resource->data + resource->runtime_bytes + resource->driver_bytes;
}

struct soft_part soft_resource_total(const struct soft_resource *resource)
{
    const struct soft_part part = { sizes_of(resource) + resource->allocations * sizeof(uint32_t),
                                    resource->total_bytes };

    return part;
}

uint32_t soft_resource_part_bytes(const struct soft_resource *resource, uint32_t allocation)
{
    uint32_t bytes;

    memcpy(&bytes, sizes_of(resource) + allocation * sizeof bytes, sizeof bytes);
    return bytes;
}

void soft_resource_free(struct soft_resource *resource)
{
    if (!resource)
        return;
    if (resource->bundled)
        soft_bundle_close(&resource->bundle);
    free(resource);
}

/* ---- making ---- */

static uint8_t *append(uint8_t *to, const void *data, uint32_t bytes)
{
    if (bytes > 0)
        memcpy(to, data, bytes);
    return to + bytes;
}

/* How much room it takes; above SOFT_RESOURCE_ROOM: it does not fit. Every part was found to fit by itself. */
static uint64_t room_of(const struct soft_resource_making *making, uint32_t *total)
{
    uint64_t all = 0;
    uint32_t i;

    for (i = 0; i < making->allocations; i++)
        all += making->parts[i].bytes;
    *total = (uint32_t)all;
    return all + making->runtime.bytes + making->driver.bytes + (uint64_t)making->allocations * sizeof(uint32_t);
}

static void write_data(const struct soft_resource_making *making, struct soft_resource *resource)
{
    uint8_t *at = append(resource->data, making->runtime.data, making->runtime.bytes);
    uint32_t i;

    at = append(at, making->driver.data, making->driver.bytes);
    for (i = 0; i < making->allocations; i++)
        at = append(at, &making->parts[i].bytes, sizeof making->parts[i].bytes);
    for (i = 0; i < making->allocations; i++)
        at = append(at, making->parts[i].data, making->parts[i].bytes);
}

static void write_page(const struct soft_resource *resource, struct soft_resource_page *page)
{
    memset((uint8_t *)page + sizeof page->header, 0, sizeof *page - sizeof page->header);
    page->allocations = resource->allocations;
    page->runtime_bytes = resource->runtime_bytes;
    page->driver_bytes = resource->driver_bytes;
    page->total_bytes = resource->total_bytes;
    memcpy(page->data, resource->data, sizeof page->data);
}

static enum ntf_result fill(struct soft_object *object, const void *context)
{
    const struct soft_resource_making *making = (const struct soft_resource_making *)context;
    struct soft_resource *resource;
    uint32_t total;

    if (room_of(making, &total) > SOFT_RESOURCE_ROOM)
        return NTF_E_NO_MEMORY;
    resource = (struct soft_resource *)calloc(1, sizeof *resource);
    if (!resource)
        return NTF_E_NO_MEMORY;
    resource->allocations = making->allocations;
    resource->runtime_bytes = making->runtime.bytes;
    resource->driver_bytes = making->driver.bytes;
    resource->total_bytes = total;
    write_data(making, resource);
    write_page(resource, (struct soft_resource_page *)(void *)object->page);
    object->resource = resource;
    return NTF_OK;
}

enum ntf_result soft_resource_create(const struct soft_resource_making *making, struct soft_object **out)
{
    const struct soft_making object = { NTF_PAGE_KIND_RESOURCE, making->flags, 0, fill, making };

    return soft_object_make(&object, out);
}

/* ---- what others have made ---- */

/* Through volatile: the compiler must not read the page a second time in place of the copy. */
static void copy_once(struct soft_resource *to, const volatile struct soft_resource_page *from)
{
    to->allocations = from->allocations;
    to->runtime_bytes = from->runtime_bytes;
    to->driver_bytes = from->driver_bytes;
    to->total_bytes = from->total_bytes;
    for (size_t i = 0; i < sizeof to->data; i++)
        to->data[i] = from->data[i];
}

static bool is_sound(const struct soft_resource *resource)
{
    const uint64_t before = (uint64_t)resource->runtime_bytes + resource->driver_bytes;
    uint64_t total = 0;
    uint32_t i;

    if (resource->allocations == 0 || before > SOFT_RESOURCE_ROOM ||
        resource->allocations > (SOFT_RESOURCE_ROOM - before) / sizeof(uint32_t))
        return false;
    for (i = 0; i < resource->allocations; i++)
        total += soft_resource_part_bytes(resource, i);
    return total == resource->total_bytes &&
           before + (uint64_t)resource->allocations * sizeof(uint32_t) + total <= SOFT_RESOURCE_ROOM;
}

bool soft_resource_read(struct soft_object *object, ntf_status *status, const char **why)
{
    const volatile struct soft_resource_page *page =
        (const volatile struct soft_resource_page *)(const volatile void *)object->page;
    struct soft_resource *resource = (struct soft_resource *)calloc(1, sizeof *resource);

    if (!resource) {
        *status = NTF_STATUS_NO_MEMORY;
        *why = "out of memory";
        return false;
    }
    copy_once(resource, page);
    if (!is_sound(resource)) {
        free(resource);
        *status = NTF_STATUS_OBJECT_TYPE_MISMATCH;
        *why = "a resource whose sizes do not fit";
        return false;
    }
    object->resource = resource;
    return true;
}
