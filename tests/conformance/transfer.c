// SPDX-License-Identifier: Apache-2.0
// Whose state it is: payloads that are exported, imported, shared, replaced, restored (Vulkan 1.3, 7.3.2 "Fence
// Payloads" and "Importing Fence Payloads").
#include "matrix.h"

// ---- the payload is one

// "OPAQUE_WIN32 ... has reference transference": a signal and a reset through any fence is one for all of them.
static void signal_and_reset_in_every_direction(void **state)
{
    const struct fence a = exportable_fence(exporter, false), b = sharer(a, importer, import_flags());
    (void)state;
    EXPECT_ALL(false, a, b);
    for (int i = 0; i < 3; i++) {
        submit(a);
        await(b);
        EXPECT_ALL(true, b, a);
        reset(a);
        EXPECT_ALL(false, b, a);
        submit(b);
        await(a);
        EXPECT_ALL(true, a, b);
        // Through a temporary payload nothing is reset: it is dropped.
        reset(config.temporary ? a : b);
        EXPECT_ALL(false, a, b);
    }
}

static void three_importers_follow(void **state)
{
    const struct fence a = exportable_fence(exporter, false), b = sharer(a, importer, import_flags()),
                       c = sharer(a, importer, 0), d = sharer(c, exporter, import_flags());
    (void)state;
    submit(c);
    await(d);
    EXPECT_ALL(true, a, b, c, d);
    reset(c);
    EXPECT_ALL(false, d, b, a, c);
    submit(d);
    await(b);
    EXPECT_ALL(true, c, a, d, b);
    destroy(a);
    reset(c);
    EXPECT_ALL(false, b, c, d);
    submit(b);
    await(c);
    EXPECT_ALL(true, d, c, b);
}

// The state at the moment of the export is the payload's, as is any later one.
static void created_signalled_is_imported_signalled(void **state)
{
    const struct fence a = exportable_fence(exporter, true), b = sharer(a, importer, import_flags());
    (void)state;
    EXPECT_ALL(true, a, b);
    reset(a);
    EXPECT_ALL(false, a, b);
}

static void exported_in_every_state(void **state)
{
    const struct fence a = exportable_fence(exporter, false);
    (void)state;
    const struct fence fresh = sharer(a, importer, import_flags());
    EXPECT_ALL(false, a, fresh);
    submit(a);
    await(a);
    const struct fence lit = sharer(a, importer, import_flags());
    EXPECT_ALL(true, a, fresh, lit);
    reset(a);
    const struct fence dark = sharer(a, importer, import_flags());
    EXPECT_ALL(false, a, fresh, lit, dark);
    submit(dark);
    await(fresh);
    EXPECT_ALL(true, a, fresh, lit, dark);
}

// VUID-VkFenceGetWin32HandleInfoKHR-handleType-01451 asks for a pending signal with copy transference only; with
// reference transference a pending one is nothing special either.
static void exported_while_pending(void **state)
{
    const struct fence a = exportable_fence(exporter, false);
    (void)state;
    hold(exporter);
    submit(a);
    const struct fence b = sharer(a, importer, import_flags());
    EXPECT_ALL(false, a, b);
    release(exporter);
    await(b);
    EXPECT_ALL(true, a, b);
}

// VUID-VkFenceGetWin32HandleInfoKHR-fence-01450, exportFromImportedHandleTypes: what was imported goes on as it is.
static void exported_from_an_import(void **state)
{
    const struct fence a = exportable_fence(exporter, false), b = sharer(a, importer, import_flags()),
                       c = sharer(b, exporter, import_flags()), d = sharer(c, importer, 0);
    (void)state;
    const VkExternalFenceProperties properties = host_query(first_host(), config.type);
    assert_true(properties.exportFromImportedHandleTypes & config.type);
    EXPECT_ALL(false, a, b, c, d);
    submit(b);
    await(d);
    EXPECT_ALL(true, a, b, c, d);
    reset(d);
    EXPECT_ALL(false, a, b, c, d);
    // An export has no effect on the fence that it comes from: b has its temporary payload still.
    submit(a);
    await(b);
    EXPECT_ALL(true, a, b, c, d);
}

// "Importing a payload from a handle which the same device has exported" is an import like any other.
static void imported_into_its_own_exporter(void **state)
{
    const struct fence a = exportable_fence(exporter, true), b = sharer(a, importer, 0);
    (void)state;
    transfer(a, a, import_flags());
    EXPECT_ALL(true, a, b);
    if (config.temporary) {
        // The restored payload is the same one: now it is reset.
        reset(a);
        EXPECT_ALL(false, a, b);
    }
    reset(a);
    EXPECT_ALL(false, a, b);
    submit(a);
    await(b);
    EXPECT_ALL(true, a, b);
}

// ---- handles and lives

// The application keeps the ownership of the handle: an import takes nothing from it.
static void handle_may_be_closed_after_import(void **state)
{
    const struct fence a = exportable_fence(exporter, false), b = plain_fence(importer, false);
    (void)state;
    const uint64_t handle = export_handle(a), carried = carry(exporter, handle, importer);
    import_handle(b, carried, import_flags());
    close_handle(importer, carried);
    if (exporter->child != importer->child)
        close_handle(exporter, handle);
    submit(a);
    await(b);
    reset(a);
    EXPECT_ALL(false, a, b);
    submit(b);
    await(a);
    EXPECT_ALL(true, a, b);
}

// An NT handle holds a reference on the payload; a KMT handle is nothing but a number.
static void payload_lives_in_its_handle_alone(void **state)
{
    const struct fence a = exportable_fence(exporter, true), b = plain_fence(importer, false);
    const uint64_t handle = export_handle(a);
    (void)state;
    if (is_kmt()) {
        destroy(a);
        assert_int_equal(try_import(b, handle, NULL, import_flags()), VK_ERROR_INVALID_EXTERNAL_HANDLE);
        expect(b, false);
        return;
    }
    const uint64_t carried = carry(exporter, handle, importer);
    destroy(a);
    if (exporter->child != importer->child)
        close_handle(exporter, handle);
    import_handle(b, carried, import_flags());
    close_handle(importer, carried);
    expect(b, true);
    const struct fence c = sharer(b, exporter, 0);
    EXPECT_ALL(true, b, c);
    reset(c);
    EXPECT_ALL(false, b, c);
}

static void payload_lives_in_its_importer_alone(void **state)
{
    const struct fence a = exportable_fence(exporter, false), b = sharer(a, importer, import_flags());
    (void)state;
    destroy(a);
    expect(b, false);
    submit(b);
    await(b);
    expect(b, true);
    const struct fence c = sharer(b, exporter, 0);
    EXPECT_ALL(true, b, c);
    reset(c);
    EXPECT_ALL(false, b, c);
    submit(c);
    await(b);
    EXPECT_ALL(true, b, c);
}

// Each export gives a new handle, each is closed for itself. (VUID-VkFenceGetWin32HandleInfoKHR-handleType-01449 lets
// an application ask once; nothing tells it otherwise, so every call is served.) A KMT handle is the same each time.
static void exported_twice(void **state)
{
    const struct fence a = exportable_fence(exporter, false), b = plain_fence(importer, false),
                       c = plain_fence(importer, true);
    const uint64_t first = export_handle(a), second = export_handle(a);
    (void)state;
    if (is_kmt()) {
        assert_int_equal(first, second);
        assert_int_not_equal(first, 0);
    } else {
        assert_int_not_equal(first, second);
        assert_int_not_equal(handle_same(first, second), NOT_SAME);
    }
    const uint64_t carried = carry(exporter, first, importer), again = carry(exporter, second, importer);
    import_handle(b, carried, import_flags());
    close_handle(exporter, first);
    if (exporter->child != importer->child)
        close_handle(importer, carried);
    import_handle(c, again, import_flags());
    close_handle(exporter, second);
    if (exporter->child != importer->child)
        close_handle(importer, again);
    EXPECT_ALL(false, a, b, c);
    submit(c);
    await(b);
    EXPECT_ALL(true, a, b, c);
}

// "Applications can import the same fence payload ... multiple times": one handle, many fences.
static void one_handle_imported_often(void **state)
{
    enum { MANY = 20 };
    struct fence fences[MANY];
    const struct fence a = exportable_fence(exporter, false);
    const uint64_t handle = export_handle(a), carried = carry(exporter, handle, importer);
    (void)state;
    for (int i = 0; i < MANY; i++) {
        fences[i] = plain_fence(importer, i % 2);
        import_handle(fences[i], carried, import_flags());
    }
    close_handle(importer, carried);
    if (exporter->child != importer->child)
        close_handle(exporter, handle);
    expect_all(MANY, fences, false);
    submit(fences[MANY / 2]);
    assert_int_equal(wait_many(MANY, fences, true, UINT64_MAX), VK_SUCCESS);
    EXPECT_ALL(true, a, fences[0], fences[MANY - 1]);
    reset(a);
    expect_all(MANY, fences, false);
}

// ---- over what was there

// The imported state counts; the fence's own is hidden, and after a temporary import comes back unsignalled.
static void import_over_a_plain_fence(void **state)
{
    (void)state;
    for (int own = 0; own < 2; own++)
        for (int shared = 0; shared < 2; shared++) {
            const struct fence a = exportable_fence(exporter, shared), b = plain_fence(importer, own);
            transfer(a, b, import_flags());
            EXPECT_ALL(shared, a, b);
            reset(b);
            expect(b, false);
            expect(a, config.temporary && shared); // the shared one is not touched by a reset that restores
            submit(b);
            await(b);
            expect(a, shared || !config.temporary);
            destroy(a);
            expect(b, true);
        }
}

// A second import without a reset between: the payload before it goes, and nothing happens to it.
static void import_over_an_import(void **state)
{
    (void)state;
    for (int first_temporary = 0; first_temporary < 2; first_temporary++) {
        const struct fence x = exportable_fence(exporter, true), y = exportable_fence(exporter, false),
                           b = sharer(x, importer, first_temporary ? VK_FENCE_IMPORT_TEMPORARY_BIT : 0);
        EXPECT_ALL(true, x, b);
        transfer(y, b, import_flags());
        EXPECT_ALL(false, y, b);
        expect(x, true);
        submit(y);
        await(b);
        reset(x);
        EXPECT_ALL(true, y, b);
        reset(y);
        EXPECT_ALL(false, x, y, b);
        submit(x);
        await(x);
        EXPECT_ALL(false, y, b);
        destroy(b);
        expect(x, true);
    }
}

// "A permanent import ... as if the fence was destroyed and re-created": no reset brings the former ones back.
static void permanent_import_drops_a_temporary_one(void **state)
{
    const struct fence x = exportable_fence(exporter, true), y = exportable_fence(exporter, false),
                       b = sharer(x, importer, VK_FENCE_IMPORT_TEMPORARY_BIT);
    (void)state;
    transfer(y, b, 0);
    EXPECT_ALL(false, y, b);
    for (int i = 0; i < 2; i++) {
        submit(y);
        await(b);
        reset(b);
        EXPECT_ALL(false, y, b);
        expect(x, true);
    }
}

// ---- temporary payloads

// "vkResetFences ... the fence's prior permanent payload is first restored", then that one is reset.
static void reset_restores_then_unsignals(void **state)
{
    const struct fence shared = exportable_fence(exporter, true), own = exportable_fence(importer, true),
                       witness = sharer(own, exporter, 0);
    (void)state;
    transfer(shared, own, VK_FENCE_IMPORT_TEMPORARY_BIT);
    reset(shared);
    EXPECT_ALL(false, shared, own);
    expect(witness, true); // hidden, not gone
    submit(shared);
    await(own);
    reset(own);
    EXPECT_ALL(false, own, witness);
    expect(shared, true);
    submit(own);
    await(witness);
    EXPECT_ALL(true, own, witness);
    reset(shared);
    EXPECT_ALL(true, own, witness);
}

// The last permanent payload is what a reset restores, however many temporary ones came after it.
static void reset_restores_the_last_permanent(void **state)
{
    const struct fence x = exportable_fence(exporter, true), y = exportable_fence(exporter, true),
                       permanent = exportable_fence(exporter, true), b = plain_fence(importer, true);
    (void)state;
    transfer(permanent, b, 0);
    transfer(x, b, VK_FENCE_IMPORT_TEMPORARY_BIT);
    transfer(y, b, VK_FENCE_IMPORT_TEMPORARY_BIT);
    reset(y);
    EXPECT_ALL(false, y, b);
    reset(b);
    EXPECT_ALL(false, b, permanent, y);
    expect(x, true);
    submit(b);
    await(permanent);
    EXPECT_ALL(true, b, permanent);
    expect(y, false);
}

static void reset_restores_a_plain_payload(void **state)
{
    const struct fence x = exportable_fence(exporter, true), y = exportable_fence(exporter, true),
                       b = plain_fence(importer, true);
    (void)state;
    transfer(x, b, VK_FENCE_IMPORT_TEMPORARY_BIT);
    transfer(y, b, VK_FENCE_IMPORT_TEMPORARY_BIT);
    reset(b);
    expect(b, false);
    EXPECT_ALL(true, x, y);
    submit(b);
    await(b);
    reset_many(2, (const struct fence[]){x, y});
    expect(b, true);
    reset(b);
    expect(b, false);
}

// vkResetFences takes plain fences, permanent and temporary imports in one list.
static void reset_of_a_mixture(void **state)
{
    const struct fence x = exportable_fence(exporter, true), y = exportable_fence(exporter, true);
    const struct fence plain = plain_fence(importer, true), second = plain_fence(importer, true),
                       permanent = sharer(x, importer, 0),
                       temporary = sharer(y, importer, VK_FENCE_IMPORT_TEMPORARY_BIT);
    (void)state;
    reset_many(4, (const struct fence[]){plain, permanent, temporary, second});
    EXPECT_ALL(false, plain, permanent, temporary, second, x);
    expect(y, true);
}

// Nothing forbids it: what a reset has restored is then reset once more, and nobody's payload with it.
static void reset_of_a_fence_that_is_listed_twice(void **state)
{
    const struct fence x = exportable_fence(exporter, true), y = exportable_fence(exporter, true);
    const struct fence permanent = sharer(x, importer, 0),
                       temporary = sharer(y, importer, VK_FENCE_IMPORT_TEMPORARY_BIT);
    (void)state;
    reset_many(4, (const struct fence[]){temporary, permanent, temporary, permanent});
    EXPECT_ALL(false, permanent, temporary, x);
    expect(y, true);
    submit(permanent);
    await(x);
    submit(temporary);
    await(temporary);
    EXPECT_ALL(true, permanent, temporary, x, y);
}

int main(int argc, char **argv)
{
    static const struct matrix_case cases[] = {
        CASE(signal_and_reset_in_every_direction, OVER_ALL),
        CASE(three_importers_follow, OVER_ALL),
        CASE(created_signalled_is_imported_signalled, OVER_ALL),
        CASE(exported_in_every_state, OVER_ALL),
        CASE(exported_while_pending, OVER_ALL),
        CASE(exported_from_an_import, OVER_ALL),
        CASE(imported_into_its_own_exporter, OVER_ALL),
        CASE(handle_may_be_closed_after_import, OVER_ALL),
        CASE(payload_lives_in_its_handle_alone, OVER_ALL),
        CASE(payload_lives_in_its_importer_alone, OVER_ALL),
        CASE(exported_twice, OVER_ALL),
        CASE(one_handle_imported_often, OVER_ALL),
        CASE(import_over_a_plain_fence, OVER_ALL),
        CASE(import_over_an_import, OVER_ALL),
        CASE(permanent_import_drops_a_temporary_one, OVER_TYPES | OVER_PLACES),
        CASE(reset_restores_then_unsignals, OVER_TYPES | OVER_PLACES),
        CASE(reset_restores_the_last_permanent, OVER_TYPES | OVER_PLACES),
        CASE(reset_restores_a_plain_payload, OVER_TYPES | OVER_PLACES),
        CASE(reset_of_a_mixture, OVER_TYPES | OVER_PLACES),
        CASE(reset_of_a_fence_that_is_listed_twice, OVER_TYPES | OVER_PLACES),
    };
    return matrix_main(argc, argv, "conformance-transfer", cases, NTF_COUNT(cases));
}
