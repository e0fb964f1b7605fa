/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <stdio.h>
#include <string.h>

const char *fake_path(void)
{
    return rig_library(".", "ntf_fake_d3dkmt");
}

static struct fake_control *fake_controls(void)
{
    static fake_control_fn control;

    if (!control) {
        struct ntf_library *library = ntf_library_open_path(fake_path());

        assert_non_null(library);
        control = (fake_control_fn)ntf_library_symbol(library, "fake_control");
    }
    assert_non_null(control);
    return control();
}

void fake_forget_calls(struct fake_control *fake)
{
    fake->opens = 0;
    memset(fake->order, 0, sizeof fake->order);
}

struct fake_control *fake_fresh(void)
{
    struct fake_control *fake = fake_controls();

    memset(fake, 0, sizeof *fake);
    fake = fake_controls();
    fake->write(0);
    return fake;
}

struct ntf_kmt *fake_kmt(const char *rungs)
{
    const struct ntf_kmt_config config = {
        .provider = "system", .d3dkmt = fake_path(), .rungs = rungs
    };
    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
    struct ntf_kmt *kmt = NULL;

    struct fake_control *fake;

    assert_int_equal(ntf_kmt_open(&config, &kmt, verdicts), NTF_OK);
    assert_int_equal(ntf_kmt_provider(kmt), NTF_PROVIDER_LIBRARY);
    fake = fake_controls();
    fake_forget_calls(fake);
    fake->bundle = NULL; /* its number may be given out again */
    fake->companion = NULL;
    fake->write_companion(5);
    return kmt;
}

const char *trace_text(const struct ntf_trace *trace)
{
    static char text[2048];
    size_t at = 0;

    text[0] = '\0';
    for (uint32_t i = 0; i < trace->count; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s %08X%s%s", i ? " | " : "",
                               trace->steps[i].step, (unsigned)trace->steps[i].status,
                               trace->steps[i].detail[0] ? " " : "", trace->steps[i].detail);
    return text;
}

void nap_ms(unsigned ms)
{
    const uint64_t until_ns = ntf_os_now_ns() + ms * 1000000ull;
    ntf_au32 nobody;

    ntf_init(&nobody, 0u);
    while (ntf_os_now_ns() < until_ns)
        (void)ntf_os_park(&nobody, 0, until_ns);
}
