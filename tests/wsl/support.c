// SPDX-License-Identifier: Apache-2.0
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/os/os.h"

const char *dxcore_path(void)
{
    static char path[1024];
    char self[512];
    const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);

    if (length < 0)
        abort();
    self[length] = '\0';
    *strrchr(self, '/') = '\0';
    (void)snprintf(path, sizeof path, "%s/libntf_dxcore.so", self);
    return path;
}

struct dxcore_control *dxcore_fresh(void)
{
    static struct dxcore_control *control;

    if (!control) {
        struct ntf_library *library = ntf_library_open_path(dxcore_path());
        dxcore_control_fn find;

        assert_non_null(library);
        find = (dxcore_control_fn)ntf_library_symbol(library, "dxcore_control");
        assert_non_null(find);
        control = find();
    }
    control->adapters = 0;
    control->no_device = control->host_pending = control->plain_host = control->no_handle = false;
    control->how = DXCORE_WHOLE;
    ntf_store(&control->breaks, 0u, NTF_RELAXED);
    ntf_store(&control->now_ns, UINT64_C(0), NTF_RELAXED);
    return control;
}

struct ntf_kmt *dxcore_kmt(void)
{
    const struct ntf_kmt_config config = {.provider = "system", .d3dkmt = dxcore_path(), .rungs = ""};
    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
    struct ntf_kmt *kmt = NULL;

    assert_int_equal(ntf_kmt_open(&config, &kmt, verdicts), NTF_OK);
    assert_int_equal(ntf_kmt_provider(kmt), NTF_PROVIDER_LIBRARY);
    return kmt;
}

struct ntf_object *dxcore_object(struct ntf_kmt *kmt, uint64_t initial, int *fd)
{
    struct ntf_object *object = NULL;
    ntf_handle handle = NULL;
    struct ntf_trace trace;

    assert_int_equal(ntf_kmt_create(kmt, initial, &object, &trace), NTF_OK);
    if (fd) {
        assert_int_equal(object->ops->share(object, NULL, NTF_ACCESS_ALL, &handle, NULL), NTF_OK);
        *fd = (int)(intptr_t)handle;
    }
    return object;
}

struct ntf_object *dxcore_open(struct ntf_kmt *kmt, int fd)
{
    struct ntf_object *object = NULL;
    struct ntf_trace trace;

    if (ntf_kmt_open_handle(kmt, (ntf_handle)(intptr_t)fd, &object, &trace) != NTF_OK)
        fail_msg("%s", trace_text(&trace));
    return object;
}

const char *trace_text(const struct ntf_trace *trace)
{
    static char text[2048];
    size_t at = 0;

    text[0] = '\0';
    for (uint32_t i = 0; i < trace->count; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s %08X%s%s", i ? " | " : "", trace->steps[i].step,
                               (unsigned)trace->steps[i].status, trace->steps[i].detail[0] ? " " : "",
                               trace->steps[i].detail);
    return text;
}

void await(bool (*ready)(void))
{
    ntf_au32 nothing;

    ntf_init(&nothing, 0u);
    while (!ready())
        (void)ntf_os_park(&nothing, 0, ntf_os_now_ns() + 200000);
}

enum ntf_result wait_for(struct ntf_object *object, uint64_t value, uint64_t deadline_ns,
                         const struct ntf_park_ops *ops)
{
    struct ntf_parker parker;
    struct ntf_watch watch;
    enum ntf_result result;
    uint32_t index = 0;

    ntf_object_watch(object, value, &watch);
    ntf_parker_begin(&parker, ops);
    result = ntf_watch_any(&watch, 1, deadline_ns, &parker, &index);
    ntf_parker_end(&parker);
    return result;
}
