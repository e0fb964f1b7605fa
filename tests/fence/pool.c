/* SPDX-License-Identifier: Apache-2.0 */
/* The pool of driver fences (fence/driver.h), over a driver whose fences are bytes that the test sets. */
#include "ntf_test.h"

#include <string.h>

#include "fence/driver.h"

enum { FENCES = 2048 };
enum state { UNSIGNALLED, SIGNALLED, LOST, UNKNOWN, GONE };

static struct {
    unsigned char state[FENCES];
    uint64_t made;
    unsigned live, looks, resets;
    bool no_memory, no_reset;
} driver;

static enum ntf_result make(void *context, uint64_t *fence)
{
    (void)context;
    if (driver.no_memory || driver.made + 1 == FENCES)
        return NTF_E_NO_MEMORY;
    *fence = ++driver.made;
    driver.state[*fence] = UNSIGNALLED;
    driver.live++;
    return NTF_OK;
}

static void destroy(void *context, uint64_t fence)
{
    (void)context;
    assert_int_not_equal(driver.state[fence], GONE);
    driver.state[fence] = GONE;
    driver.live--;
}

static enum ntf_result status(void *context, uint64_t fence)
{
    static const enum ntf_result results[] = { NTF_NOT_READY, NTF_OK, NTF_E_LOST, NTF_E_NO_MEMORY };

    (void)context;
    assert_int_not_equal(driver.state[fence], GONE);
    driver.looks++;
    return results[driver.state[fence]];
}

static enum ntf_result reset(void *context, uint64_t fence)
{
    (void)context;
    assert_int_equal(driver.state[fence], SIGNALLED); /* one that may be in a queue must not be reset */
    driver.resets++;
    if (driver.no_reset)
        return NTF_E_NO_MEMORY;
    driver.state[fence] = UNSIGNALLED;
    return NTF_OK;
}

static struct ntf_pool pool;

static int up(void **state)
{
    const struct ntf_driver ops = { NULL, make, destroy, NULL, status, reset, NULL };

    (void)state;
    memset(&driver, 0, sizeof driver);
    ntf_pool_init(&pool, &ops);
    return 0;
}

static int down(void **state)
{
    (void)state;
    ntf_pool_finish(&pool);
    return driver.live != 0;
}

static struct ntf_pooled *take(void)
{
    struct ntf_pooled *pooled = ntf_pool_take(&pool);

    assert_non_null(pooled);
    assert_int_equal(driver.state[pooled->fence], UNSIGNALLED);
    return pooled;
}

/* What the driver never had comes back as it is; what it has signalled is reset first. */
static void goes_round(void **state)
{
    struct ntf_pooled *pooled = take();
    const uint64_t fence = pooled->fence;

    (void)state;
    for (int i = 0; i < 3; i++) {
        ntf_pool_put_unused(&pool, pooled);
        pooled = take();
        assert_int_equal(pooled->fence, fence);
    }
    assert_int_equal(driver.looks, 0);
    for (int i = 0; i < 3; i++) {
        driver.state[fence] = SIGNALLED;
        ntf_pool_put(&pool, pooled);
        pooled = take();
        assert_int_equal(pooled->fence, fence);
    }
    assert_int_equal(driver.resets, 3);
    assert_int_equal(driver.made, 1);
    ntf_pool_put_unused(&pool, pooled);
}

/* One that is still in a queue is neither given out nor reset nor destroyed until it is signalled. */
static void comes_back_later(void **state)
{
    static const enum state unsettled[] = { UNSIGNALLED, UNKNOWN };

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct ntf_pooled *late = take(), *other;
        const uint64_t fence = late->fence;

        driver.state[fence] = (unsigned char)unsettled[i];
        ntf_pool_put(&pool, late);
        for (int again = 0; again < 3; again++) {
            other = take();
            assert_int_not_equal(other->fence, fence);
            assert_int_equal(driver.state[fence], unsettled[i]);
            ntf_pool_put_unused(&pool, other);
        }
        driver.state[fence] = SIGNALLED;
        for (int again = 0; again < 2; again++) {
            other = take();
            ntf_pool_put_unused(&pool, other);
        }
        assert_int_equal(driver.state[fence], UNSIGNALLED);
        assert_int_equal(driver.live, 2);
    }
}

static void not_used_again(void **state)
{
    struct ntf_pooled *pooled = take();

    (void)state;
    driver.state[pooled->fence] = LOST; /* nothing is in use on a lost device */
    ntf_pool_put(&pool, pooled);
    assert_int_equal(driver.live, 0);
    pooled = take();
    driver.state[pooled->fence] = SIGNALLED;
    driver.no_reset = true;
    ntf_pool_put(&pool, pooled);
    assert_int_equal(driver.live, 0);
    assert_int_equal(driver.resets, 1);
}

static void no_memory(void **state)
{
    struct ntf_pooled *pooled = take();

    (void)state;
    driver.no_memory = true;
    assert_null(ntf_pool_take(&pool));
    assert_int_equal(driver.live, 1);
    ntf_pool_put_unused(&pool, pooled);
    assert_ptr_equal(take(), pooled);
    ntf_pool_put_unused(&pool, pooled);
}

/* Put back a few rounds before they are signalled, beside some that never are: the pile does not grow. */
static void late_ones(void **state)
{
    enum { ROUNDS = 1500, LATE = 5, STUCK = 6 };
    uint64_t late[LATE] = { 0 };
    unsigned most = 0;

    (void)state;
    for (int i = 0; i < STUCK; i++)
        ntf_pool_put(&pool, take());
    for (int round = 0; round < ROUNDS; round++) {
        struct ntf_pooled *pooled = take();

        if (late[round % LATE])
            driver.state[late[round % LATE]] = SIGNALLED;
        late[round % LATE] = pooled->fence;
        ntf_pool_put(&pool, pooled); /* not signalled yet */
        if (round < ROUNDS / 2)
            most = driver.live;
    }
    assert_in_range(driver.live, 1, most);
    assert_in_range(driver.live, 1, 4 * (STUCK + LATE));
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(goes_round, up, down),
        cmocka_unit_test_setup_teardown(comes_back_later, up, down),
        cmocka_unit_test_setup_teardown(not_used_again, up, down),
        cmocka_unit_test_setup_teardown(no_memory, up, down),
        cmocka_unit_test_setup_teardown(late_ones, up, down),
    };

    (void)argc, (void)argv;
    return ntf_test_run("fence-pool", tests, NTF_COUNT(tests), NULL, NULL);
}
