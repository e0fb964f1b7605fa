/* SPDX-License-Identifier: Apache-2.0 */
/* The self-test against kernels that refuse, lie and forget; nothing is left behind by any of them. */
#include <string.h>

#include "kmt/os/bells.h"
#include "kmt/os/system.h"
#include "support.h"

static enum ntf_result open_with(const char *provider, const char *path, struct ntf_kmt **kmt,
                                 struct ntf_verdict *verdicts)
{
    const struct ntf_kmt_config config = { .provider = provider, .d3dkmt = path, .rungs = "" };

    return ntf_kmt_open(&config, kmt, verdicts);
}

static void nothing_left(const struct fake_control *fake)
{
    assert_int_equal(fake->adapters_open, 0);
    assert_int_equal(fake->devices_open, 0);
    assert_int_equal(fake->objects_open, 0);
    assert_int_equal(fake->mutexes_open, 0);
    assert_int_equal(fake->resources_open, 0);
    assert_int_equal(fake->dirty, 0);
}

/* Poison proves that *out is not written. */
static void refuses(struct fake_control *fake, enum ntf_proof proof, ntf_status status,
                    const char *detail)
{
    struct ntf_kmt *const poison = (struct ntf_kmt *)(uintptr_t)0x5A5A5A50u;
    struct ntf_kmt *kmt = poison;
    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];

    assert_int_equal(open_with("system", fake_path(), &kmt, verdicts), NTF_E_UNSUPPORTED);
    assert_ptr_equal(kmt, poison);
    assert_true(verdicts[NTF_PROVIDER_LIBRARY].tried);
    assert_false(verdicts[NTF_PROVIDER_LIBRARY].usable);
    assert_false(verdicts[NTF_PROVIDER_LIBRARY].native);
    assert_int_equal(verdicts[NTF_PROVIDER_LIBRARY].refused, proof);
    assert_int_equal(verdicts[NTF_PROVIDER_LIBRARY].status[proof], status);
    assert_string_equal(verdicts[NTF_PROVIDER_LIBRARY].detail, detail);
    for (int i = 0; i < (int)proof; i++)
        assert_int_equal(verdicts[NTF_PROVIDER_LIBRARY].status[i], NTF_STATUS_SUCCESS);
    assert_false(verdicts[NTF_PROVIDER_SOFT].tried);
    nothing_left(fake);
}

static void works(void **state)
{
    struct fake_control *fake = fake_fresh();
    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
    struct ntf_kmt *kmt = NULL;
    struct ntf_text text;

    (void)state;
    assert_int_equal(open_with("auto", fake_path(), &kmt, verdicts), NTF_OK);
    assert_int_equal(ntf_kmt_provider(kmt), NTF_PROVIDER_LIBRARY);
    assert_true(verdicts[NTF_PROVIDER_LIBRARY].usable);
    assert_false(verdicts[NTF_PROVIDER_LIBRARY].native);
    assert_int_equal(verdicts[NTF_PROVIDER_LIBRARY].refused, NTF_PROOF_COUNT);
    assert_int_equal(verdicts[NTF_PROVIDER_LIBRARY].status[NTF_PROOF_NATIVE],
                     NTF_STATUS_NOT_SUPPORTED);
    assert_false(verdicts[NTF_PROVIDER_SYSTEM].tried); /* a provider was found before */
    assert_false(verdicts[NTF_PROVIDER_SOFT].tried);
    assert_int_equal(fake->adapters_open, 1);
    assert_int_equal(fake->devices_open, 1);
    assert_int_equal(fake->objects_open, 0); /* the samples are gone */
    ntf_text_init(&text);
    ntf_kmt_describe(kmt, &text);
    assert_string_equal(text.bytes, "provider library, adapter 00000007:00000001, monitored fences, keyed mutexes, "
                                    "bundles");
    ntf_text_init(&text);
    ntf_kmt_describe_verdicts(verdicts, &text);
    assert_string_equal(text.bytes,
                        "library: usable, native fences (0xC00000BB NOT_SUPPORTED: feature 37), global handles "
                        "(0xC0000001 UNSUCCESSFUL: success without a global handle), 64-bit values without NoGPUAccess "
                        "(0x00000000 SUCCESS), keyed mutexes (0x00000000 SUCCESS), bundles (0x00000000 SUCCESS)");
    ntf_kmt_close(kmt);
    nothing_left(fake);
}

static void no_library(void **state)
{
    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
    struct ntf_kmt *kmt = NULL;
    struct ntf_text text;

    (void)state;
    assert_int_equal(open_with("system", rig_library(".", "ntf_absent"), &kmt, verdicts),
                     NTF_E_UNSUPPORTED);
    assert_null(kmt);
    assert_int_equal(verdicts[NTF_PROVIDER_LIBRARY].refused, NTF_PROOF_LIBRARY);
    ntf_text_init(&text);
    ntf_kmt_describe_verdicts(verdicts, &text);
    assert_non_null(strstr(text.bytes, "library: refused at library (0xC0000034 "
                                       "OBJECT_NAME_NOT_FOUND: the library cannot be opened)"));
    /* The machines of the tests have no kernel that passes: gdi32 of Wine, or nothing at all. */
    assert_non_null(strstr(text.bytes, ntf_system_library()));
}

static void missing_symbol(void **state)
{
    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
    struct ntf_kmt *kmt = NULL;

    (void)state;
    assert_int_equal(open_with("system", rig_library(".", "ntf_fake_bare"), &kmt, verdicts),
                     NTF_E_UNSUPPORTED);
    assert_int_equal(verdicts[NTF_PROVIDER_LIBRARY].refused, NTF_PROOF_SYMBOLS);
    assert_string_equal(verdicts[NTF_PROVIDER_LIBRARY].detail,
                        "D3DKMTCreateSynchronizationObject2 is not exported");
}

static void refused_early(void **state)
{
    struct fake_control *fake = fake_fresh();

    (void)state;
    fake->enum_status = NTF_STATUS_NO_MEMORY;
    refuses(fake, NTF_PROOF_ADAPTER, NTF_STATUS_NO_MEMORY, "");
    fake = fake_fresh();
    fake->device_status = NTF_STATUS_DEVICE_REMOVED;
    refuses(fake, NTF_PROOF_DEVICE, NTF_STATUS_DEVICE_REMOVED, "");
}

/* Wine 9.17 to 10.15 export the name and answer so. */
static void create_not_implemented(void **state)
{
    struct fake_control *fake = fake_fresh();
    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
    struct ntf_kmt *kmt = NULL;
    struct ntf_text text;

    (void)state;
    fake->create.status = NTF_STATUS_NOT_IMPLEMENTED;
    refuses(fake, NTF_PROOF_CREATE, NTF_STATUS_NOT_IMPLEMENTED, "");
    (void)open_with("system", fake_path(), &kmt, verdicts);
    ntf_text_init(&text);
    ntf_kmt_describe_verdicts(verdicts, &text);
    assert_memory_equal(text.bytes, "library: refused at create (0xC0000002 NOT_IMPLEMENTED); ",
                        57);
    fake = fake_fresh();
    fake->create.no_object = true;
    refuses(fake, NTF_PROOF_CREATE, NTF_STATUS_SUCCESS, "success without an object");
}

/* Wine from 10.16 on succeeds and leaves the address alone. */
static void no_address(void **state)
{
    struct fake_control *fake = fake_fresh();

    (void)state;
    fake->create.no_address = true;
    refuses(fake, NTF_PROOF_MAP, NTF_STATUS_UNSUCCESSFUL, "success without a CPU address");
    fake = fake_fresh();
    fake->create.misaligned = true;
    refuses(fake, NTF_PROOF_MAP, NTF_STATUS_UNSUCCESSFUL, "the CPU address is not aligned");
    fake = fake_fresh();
    fake->wrong_initial = true;
    refuses(fake, NTF_PROOF_MAP, NTF_STATUS_UNSUCCESSFUL,
            "the CPU address does not show the initial value");
}

/* A kernel may take our flags and then give no address, or not take them: without flags it counts. */
static void plain_sample(void **state)
{
    struct fake_control *fake = fake_fresh();
    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
    struct ntf_kmt *kmt = NULL;

    (void)state;
    fake->create_differs = true;
    fake->create.no_address = true;
    assert_int_equal(open_with("system", fake_path(), &kmt, verdicts), NTF_OK);
    assert_int_equal(verdicts[NTF_PROVIDER_LIBRARY].status[NTF_PROOF_MAP], NTF_STATUS_SUCCESS);
    assert_string_equal(verdicts[NTF_PROVIDER_LIBRARY].detail, "");
    ntf_kmt_close(kmt);
    nothing_left(fake);
    /* Refused both ways: the one that came further is told. */
    fake->create_plain.status = NTF_STATUS_INVALID_PARAMETER;
    refuses(fake, NTF_PROOF_MAP, NTF_STATUS_UNSUCCESSFUL, "success without a CPU address");
    fake->create.status = NTF_STATUS_INVALID_PARAMETER;
    refuses(fake, NTF_PROOF_CREATE, NTF_STATUS_INVALID_PARAMETER, "");
}

static void signal_refused(void **state)
{
    struct fake_control *fake = fake_fresh();

    (void)state;
    fake->signal_status = NTF_STATUS_ACCESS_DENIED;
    refuses(fake, NTF_PROOF_SIGNAL, NTF_STATUS_ACCESS_DENIED, "");
    fake = fake_fresh();
    fake->dead_signal = true;
    refuses(fake, NTF_PROOF_SIGNAL, NTF_STATUS_UNSUCCESSFUL,
            "the CPU address does not show the signal");
}

/* Facts 2.1.9: the call may return before the value is there. */
static void signal_comes_late(void **state)
{
    struct fake_control *fake = fake_fresh();
    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
    struct ntf_kmt *kmt = NULL;

    (void)state;
    fake->slow_signal = true;
    assert_int_equal(open_with("system", fake_path(), &kmt, verdicts), NTF_OK);
    ntf_kmt_close(kmt);
    nothing_left(fake);
}

static void wait_refused(void **state)
{
    struct fake_control *fake = fake_fresh();
    ntf_handle event;
    uint32_t bell = 0;

    (void)state;
    fake->wait_status = NTF_STATUS_NOT_IMPLEMENTED;
    refuses(fake, NTF_PROOF_WAIT, NTF_STATUS_NOT_IMPLEMENTED, "");
    /* Nothing was registered with the event, so it is in the pool again. */
    event = fake->last_event;
    assert_true(ntf_bell_borrow(&bell));
    assert_ptr_equal(ntf_bell_event(bell), event);
    ntf_bell_return(bell);
}

/* A kernel that takes the registration and never sets the event: the refusal comes after some seconds,
 * and the event is never lent again. */
static void wait_never_set(void **state)
{
    struct fake_control *fake = fake_fresh();
    uint32_t bells[8];
    uint64_t begin_ns;

    (void)state;
    fake->dead_wait = true;
    begin_ns = ntf_os_now_ns();
    refuses(fake, NTF_PROOF_WAIT, NTF_STATUS_TIMEOUT, "the event is never set");
    assert_true(ntf_os_now_ns() - begin_ns >= 2990000000ull);
    for (size_t i = 0; i < NTF_COUNT(bells); i++) {
        assert_true(ntf_bell_borrow(&bells[i]));
        assert_ptr_not_equal(ntf_bell_event(bells[i]), fake->last_event);
    }
    for (size_t i = 0; i < NTF_COUNT(bells); i++)
        ntf_bell_return(bells[i]);
}

/* The same holds when the signal that should set it is refused. */
static void signal_refused_with_a_waiter(void **state)
{
    struct fake_control *fake = fake_fresh();
    uint32_t bell;

    (void)state;
    fake->refuse_signal = 2;
    refuses(fake, NTF_PROOF_SIGNAL, NTF_STATUS_ACCESS_DENIED, "with a waiter");
    assert_true(ntf_bell_borrow(&bell));
    assert_ptr_not_equal(ntf_bell_event(bell), fake->last_event);
    ntf_bell_return(bell);
}

/* The stale setting of an event from the pool is no proof of a wait. */
static void stale_event(void **state)
{
    struct fake_control *fake = fake_fresh();
    uint32_t bell;

    (void)state;
    assert_true(ntf_bell_borrow(&bell));
    rig_event_set(ntf_bell_event(bell));
    ntf_bell_return(bell);
    fake->dead_wait = true;
    refuses(fake, NTF_PROOF_WAIT, NTF_STATUS_TIMEOUT, "the event is never set");
}

static void native(void **state)
{
    static const struct {
        uint16_t feature;
        ntf_status feature_status;
        struct fake_answer create;
        ntf_status expected;
    } rows[] = {
        { 15, 0, { 0 }, NTF_STATUS_SUCCESS },
        { 1, 0, { 0 }, NTF_STATUS_SUCCESS },
        { 0, 0, { 0 }, NTF_STATUS_NOT_SUPPORTED },
        { 14, 0, { 0 }, NTF_STATUS_NOT_SUPPORTED }, /* known, supported, not enabled */
        { 15, NTF_STATUS_INVALID_PARAMETER, { 0 }, NTF_STATUS_INVALID_PARAMETER },
        { 15, 0, { .status = NTF_STATUS_NO_MEMORY }, NTF_STATUS_NO_MEMORY },
        { 15, 0, { .no_address = true }, NTF_STATUS_UNSUCCESSFUL },
        { 15, 0, { .misaligned = true }, NTF_STATUS_UNSUCCESSFUL },
        { 15, 0, { .no_object = true }, NTF_STATUS_UNSUCCESSFUL },
    };

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(rows); i++) {
        struct fake_control *fake = fake_fresh();
        struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
        struct ntf_kmt *kmt = NULL;

        fake->feature_value = rows[i].feature;
        fake->feature_status = rows[i].feature_status;
        fake->native_create = rows[i].create;
        assert_int_equal(open_with("auto", fake_path(), &kmt, verdicts), NTF_OK);
        assert_int_equal(verdicts[NTF_PROVIDER_LIBRARY].status[NTF_PROOF_NATIVE],
                         rows[i].expected);
        assert_int_equal(verdicts[NTF_PROVIDER_LIBRARY].native,
                         rows[i].expected == NTF_STATUS_SUCCESS);
        ntf_kmt_close(kmt);
        nothing_left(fake);
    }
}

/* The device's LUID, else the first software adapter, else the first; all others are closed. */
static void adapters(void **state)
{
    static const struct {
        bool luid_valid;
        ntf_luid luid;
        uint32_t software;
        uint32_t expected; /* number of the adapter */
    } rows[] = {
        { false, { 0, 0 }, 0, 1 }, { false, { 2, 7 }, 3, 3 }, { true, { 2, 7 }, 3, 2 },
        { true, { 2, 8 }, 3, 3 }, /* unknown to this provider */
        { true, { 9, 7 }, 0, 1 },
    };

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(rows); i++) {
        struct fake_control *fake = fake_fresh();
        const struct ntf_kmt_config config = { .provider = "auto",
                                               .d3dkmt = fake_path(),
                                               .rungs = "",
                                               .luid_valid = rows[i].luid_valid,
                                               .luid = rows[i].luid };
        struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
        struct ntf_kmt *kmt = NULL;

        fake->adapter_count = 4;
        fake->software = rows[i].software;
        assert_int_equal(ntf_kmt_open(&config, &kmt, verdicts), NTF_OK);
        assert_int_equal(fake->device_adapter, 0x80000000u | rows[i].expected << 6);
        assert_int_equal(fake->adapters_open, 1);
        ntf_kmt_close(kmt);
        nothing_left(fake);
    }
}

/* "system" never falls back on soft; "soft" asks nobody else; "auto" takes what works. */
static void which_provider(void **state)
{
    struct fake_control *fake = fake_fresh();
    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
    struct ntf_kmt *kmt = NULL;
    struct ntf_text text;

    (void)state;
    fake->create.status = NTF_STATUS_NOT_IMPLEMENTED;
    assert_int_equal(open_with("auto", fake_path(), &kmt, verdicts), NTF_OK);
    assert_int_equal(ntf_kmt_provider(kmt), NTF_PROVIDER_SOFT);
    assert_true(verdicts[NTF_PROVIDER_LIBRARY].tried && verdicts[NTF_PROVIDER_SYSTEM].tried);
    assert_false(verdicts[NTF_PROVIDER_LIBRARY].usable || verdicts[NTF_PROVIDER_SYSTEM].usable);
    assert_true(verdicts[NTF_PROVIDER_SOFT].usable);
    ntf_text_init(&text);
    ntf_kmt_describe(kmt, &text);
    assert_memory_equal(text.bytes, "provider soft, adapter ", 23);
    ntf_kmt_close(kmt);

    assert_int_equal(open_with("soft", fake_path(), &kmt, verdicts), NTF_OK);
    assert_int_equal(ntf_kmt_provider(kmt), NTF_PROVIDER_SOFT);
    assert_false(verdicts[NTF_PROVIDER_LIBRARY].tried || verdicts[NTF_PROVIDER_SYSTEM].tried);
    ntf_kmt_close(kmt);

    assert_int_equal(open_with("system", "", &kmt, verdicts), NTF_E_UNSUPPORTED);
    assert_false(verdicts[NTF_PROVIDER_LIBRARY].tried);
    assert_true(verdicts[NTF_PROVIDER_SYSTEM].tried);
    assert_false(verdicts[NTF_PROVIDER_SOFT].tried);
    nothing_left(fake);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(works),          cmocka_unit_test(no_library),
        cmocka_unit_test(missing_symbol), cmocka_unit_test(refused_early),
        cmocka_unit_test(create_not_implemented),
        cmocka_unit_test(no_address),     cmocka_unit_test(plain_sample),
        cmocka_unit_test(signal_refused), cmocka_unit_test(signal_comes_late),
        cmocka_unit_test(wait_refused),   cmocka_unit_test(wait_never_set),
        cmocka_unit_test(signal_refused_with_a_waiter),
        cmocka_unit_test(stale_event),    cmocka_unit_test(native),
        cmocka_unit_test(adapters),       cmocka_unit_test(which_provider),
    };

    (void)argc;
    (void)argv;
    return ntf_test_run("kmt-provider", tests, NTF_COUNT(tests), NULL, NULL);
}
