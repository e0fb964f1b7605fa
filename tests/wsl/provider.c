// SPDX-License-Identifier: Apache-2.0
// Finding the library, the self-test on it, and what it says to the calls that it lacks.
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "base/os/os.h"
#include "kmt/ntstatus.h"
#include "support.h"

static enum ntf_result open_with(const char *d3dkmt, struct ntf_kmt **kmt, struct ntf_verdict *verdicts)
{
    const struct ntf_kmt_config config = {.provider = "system", .d3dkmt = d3dkmt, .rungs = ""};

    return ntf_kmt_open(&config, kmt, verdicts);
}

static void says(const struct ntf_verdict *verdicts, const char *expected)
{
    struct ntf_text text;

    ntf_text_init(&text);
    ntf_kmt_describe_verdicts(verdicts, &text);
    assert_string_equal(text.bytes, expected);
}

static void refused_for(const char *device, const char *why)
{
    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
    struct ntf_kmt *kmt = NULL;

    place_set(dxcore_path(), device);
    assert_int_equal(open_with("", &kmt, verdicts), NTF_E_UNSUPPORTED);
    assert_null(kmt);
    assert_int_equal(verdicts[NTF_PROVIDER_SYSTEM].refused, NTF_PROOF_LIBRARY);
    assert_int_equal(verdicts[NTF_PROVIDER_SYSTEM].status[NTF_PROOF_LIBRARY], NTF_STATUS_OBJECT_NAME_NOT_FOUND);
    assert_string_equal(verdicts[NTF_PROVIDER_SYSTEM].detail, why);
    // It has not been loaded at all. (This test is the first.)
    assert_null(dlopen(dxcore_path(), RTLD_NOW | RTLD_NOLOAD));
}

// Without the device the library is not there.
static void no_device(void **state)
{
    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
    struct ntf_kmt *kmt = NULL;

    (void)state;
    refused_for("/dev/ntfence-nobody", "there is no /dev/dxg: this is not WSL 2, or one without a GPU");
    refused_for(dxcore_path(), "/dev/dxg is not a device");
    assert_int_equal(open_with("", &kmt, verdicts), NTF_E_UNSUPPORTED);
    says(verdicts, "libdxcore.so: refused at library (0xC0000034 OBJECT_NAME_NOT_FOUND: /dev/dxg is not a device)");
}

static void no_library(void **state)
{
    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
    struct ntf_kmt *kmt = NULL;

    (void)state;
    place_set("/usr/lib/ntfence-nobody.so", "/dev/null");
    assert_int_equal(open_with("", &kmt, verdicts), NTF_E_UNSUPPORTED);
    says(verdicts, "libdxcore.so: refused at library (0xC0000034 OBJECT_NAME_NOT_FOUND: the library cannot be opened)");
}

// Usable, for monitored fences alone.
static void usable(const struct ntf_verdict *verdict)
{
    assert_true(verdict->usable);
    assert_false(verdict->native || verdict->global);
    assert_int_equal(verdict->refused, NTF_PROOF_COUNT);
    assert_int_equal(verdict->status[NTF_PROOF_WAIT], NTF_STATUS_SUCCESS);
    assert_int_equal(verdict->status[NTF_PROOF_NATIVE], NTF_STATUS_NOT_IMPLEMENTED);
    assert_int_equal(verdict->status[NTF_PROOF_GLOBAL], NTF_STATUS_INVALID_PARAMETER); // to create
}

static void from_the_systems_place(void **state)
{
    struct dxcore_control *control = dxcore_fresh();
    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
    struct ntf_kmt *kmt = NULL;
    struct ntf_text text;

    (void)state;
    place_set(dxcore_path(), "/dev/null");
    assert_int_equal(open_with("", &kmt, verdicts), NTF_OK);
    assert_int_equal(ntf_kmt_provider(kmt), NTF_PROVIDER_SYSTEM);
    usable(&verdicts[NTF_PROVIDER_SYSTEM]);
    ntf_text_init(&text);
    ntf_kmt_describe_verdicts(verdicts, &text);
    assert_memory_equal(text.bytes, "libdxcore.so: usable, ", 22);
    ntf_text_init(&text);
    ntf_kmt_describe(kmt, &text);
    assert_string_equal(text.bytes, "provider system (libdxcore.so), adapter 00000057:00000001, monitored fences");
    assert_false(ntf_kmt_serves_global(kmt));
    ntf_kmt_close(kmt);
    assert_int_equal(control->objects(), 0);
}

static void by_the_setting(void **state)
{
    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
    struct ntf_kmt *kmt = NULL;

    (void)state;
    (void)dxcore_fresh();
    assert_int_equal(open_with(dxcore_path(), &kmt, verdicts), NTF_OK);
    assert_int_equal(ntf_kmt_provider(kmt), NTF_PROVIDER_LIBRARY);
    usable(&verdicts[NTF_PROVIDER_LIBRARY]);
    ntf_kmt_close(kmt);
}

// Loaded, it answers UNSUCCESSFUL to everything.
static void device_gone_since(void **state)
{
    struct dxcore_control *control = dxcore_fresh();
    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
    struct ntf_kmt *kmt = NULL;

    (void)state;
    control->no_device = true;
    place_set("", "");
    assert_int_equal(open_with(dxcore_path(), &kmt, verdicts), NTF_E_UNSUPPORTED);
    assert_int_equal(verdicts[NTF_PROVIDER_LIBRARY].refused, NTF_PROOF_ADAPTER);
    assert_int_equal(verdicts[NTF_PROVIDER_LIBRARY].status[NTF_PROOF_ADAPTER], NTF_STATUS_UNSUCCESSFUL);
    (void)dxcore_fresh();
}

// The host may answer PENDING to a wait that it has taken on.
static void pending_is_success(void **state)
{
    struct dxcore_control *control = dxcore_fresh();
    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
    struct ntf_kmt *kmt = NULL;

    (void)state;
    control->host_pending = true;
    assert_int_equal(open_with(dxcore_path(), &kmt, verdicts), NTF_OK);
    assert_true(verdicts[NTF_PROVIDER_LIBRARY].usable);
    ntf_kmt_close(kmt);
}

static void adapters(void **state)
{
    static const struct {
        struct ntf_luid luid;
        uint32_t low; // of the one that is chosen
    } rows[] = {{{2, 0x57}, 2}, {{2, 0x58}, 1}, {{9, 0x57}, 1}};
    struct dxcore_control *control = dxcore_fresh();

    (void)state;
    control->adapters = 3;
    for (size_t i = 0; i < NTF_COUNT(rows); i++) {
        const struct ntf_kmt_config config = {
            .provider = "system", .d3dkmt = dxcore_path(), .rungs = "", .luid_valid = true, .luid = rows[i].luid};
        struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
        struct ntf_kmt *kmt = NULL;
        struct ntf_text text;
        char expected[96];

        assert_int_equal(ntf_kmt_open(&config, &kmt, verdicts), NTF_OK);
        ntf_text_init(&text);
        ntf_kmt_describe(kmt, &text);
        (void)snprintf(expected, sizeof expected, "provider library, adapter 00000057:%08x, monitored fences",
                       (unsigned)rows[i].low);
        assert_string_equal(text.bytes, expected);
        ntf_kmt_close(kmt);
    }
}

// More than fit: SUCCESS, the number of all, and nothing written.
static void too_many_adapters(void **state)
{
    struct dxcore_control *control = dxcore_fresh();
    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
    struct ntf_kmt *kmt = NULL;

    (void)state;
    control->adapters = 65;
    assert_int_equal(open_with(dxcore_path(), &kmt, verdicts), NTF_E_UNSUPPORTED);
    assert_int_equal(verdicts[NTF_PROVIDER_LIBRARY].refused, NTF_PROOF_ADAPTER);
    assert_int_equal(verdicts[NTF_PROVIDER_LIBRARY].status[NTF_PROOF_ADAPTER], NTF_STATUS_UNSUCCESSFUL);
    (void)dxcore_fresh();
}

// A name is asked for, and the status of the stub is in the line.
static void names(void **state)
{
    struct dxcore_control *control = dxcore_fresh();
    struct ntf_kmt *kmt = dxcore_kmt();
    struct ntf_object *object = NULL;
    struct ntf_trace trace;
    struct ntf_text text;

    (void)state;
    ntf_store(&control->names, 0u, NTF_RELAXED);
    assert_int_equal(ntf_kmt_open_name(kmt, u"ntfence-test-wsl-nobody", &object, &trace), NTF_E_NOT_FOUND);
    assert_null(object);
    assert_int_equal(ntf_load(&control->names, NTF_RELAXED), 1);
    ntf_text_init(&text);
    ntf_trace_describe(&trace, &text);
    assert_string_equal(text.bytes, "name lookup: soft (0xC0000034 OBJECT_NAME_NOT_FOUND); "
                                    "name lookup: kernel (0xC00000BB NOT_SUPPORTED)");
    ntf_kmt_close(kmt);
}

// Neither made nor opened.
static void global_handles(void **state)
{
    struct ntf_kmt *kmt = dxcore_kmt();
    struct ntf_object *object = NULL;
    struct ntf_trace trace;

    (void)state;
    assert_int_equal(ntf_kmt_create_global(kmt, 0, &object, &trace), NTF_E_UNSUPPORTED);
    assert_string_equal(trace_text(&trace), "create: monitored 0xC1 C000000D | create: monitored 0x1 C000000D");
    assert_int_not_equal(ntf_kmt_open_global(kmt, 0x40000042u, &object, &trace), NTF_OK);
    assert_null(object);
    assert_non_null(strstr(trace_text(&trace), "global open: kernel C0000001")); // an empty slot
    ntf_kmt_close(kmt);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_device),      cmocka_unit_test(no_library),        cmocka_unit_test(from_the_systems_place),
        cmocka_unit_test(by_the_setting), cmocka_unit_test(device_gone_since), cmocka_unit_test(pending_is_success),
        cmocka_unit_test(adapters),       cmocka_unit_test(too_many_adapters), cmocka_unit_test(names),
        cmocka_unit_test(global_handles),
    };

    (void)argc;
    (void)argv;
    return ntf_test_run("wsl-provider", tests, NTF_COUNT(tests), NULL, NULL);
}
