// SPDX-License-Identifier: Apache-2.0
#include "matrix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TESTS_MAX = 2048, NAME_MAX_BYTES = 128 };

static const VkExternalFenceHandleTypeFlagBits types[] = {VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT,
                                                          VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT};
static const char *const type_names[] = {"opaque_win32", "opaque_win32_kmt"};
static const char *const place_names[] = {"same device", "second queue", "second device", "second instance",
                                          "second process"};

struct config config;
struct party *exporter, *importer;
void (*matrix_end)(void);

static struct host hosts[2];
static struct device devices[3]; // two of the first instance, one of the second
static struct party parties[PLACES];
static bool needed[PLACES];
static struct entry {
    struct config config;
    const struct matrix_case *base;
    char name[NAME_MAX_BYTES];
} entries[TESTS_MAX];

struct host *first_host(void)
{
    return &hosts[0];
}

struct device *first_device(void)
{
    return &devices[0];
}

struct device *second_device(void)
{
    if (!devices[1].device)
        device_open(&devices[1], &hosts[0]);
    return &devices[1];
}

// A party is made by the first case that has it as importer: a program that runs a few cases makes few.
static struct party *party_at(enum place place)
{
    struct party *party = &parties[place];
    if (needed[place])
        return party;
    needed[place] = true;
    if (place == SECOND_PROCESS) {
        party_start(party);
        return party;
    }
    if (place == SECOND_INSTANCE) {
        host_open(&hosts[1]);
        device_open(&devices[2], &hosts[1]);
    }
    site_open(&party->site, place == SECOND_DEVICE ? second_device() : &devices[place == SECOND_INSTANCE ? 2 : 0],
              place == SECOND_QUEUE);
    return party;
}

static int suite_setup(void **state)
{
    (void)state;
    exporter = party_at(SAME_DEVICE);
    return 0;
}

static int suite_teardown(void **state)
{
    (void)state;
    messages_clear();
    if (matrix_end)
        matrix_end();
    party_stop(&parties[SECOND_PROCESS]);
    for (size_t i = NTF_COUNT(devices); i-- > 0;)
        device_close(&devices[i]);
    if (needed[SECOND_INSTANCE])
        host_close(&hosts[1]);
    host_close(&hosts[0]);
    return complaints() != 0; // what was leaked is told here
}

static int case_setup(void **state)
{
    const struct entry *entry = *state;
    messages_clear();
    config = entry->config;
    subject_type = config.type;
    importer = party_at(config.place);
    return 0;
}

static int case_teardown(void **state)
{
    for (unsigned i = 0; i < PLACES; i++)
        if (needed[i])
            party_clean(&parties[i]);
    return messages_teardown(state);
}

// VkExternalFenceProperties: of a type that is not supported all three members are zero.
static bool type_supported(VkExternalFenceHandleTypeFlagBits type, const char *name)
{
    const VkExternalFenceProperties properties = host_query(&hosts[0], type);
    const VkExternalFenceFeatureFlags both =
        VK_EXTERNAL_FENCE_FEATURE_EXPORTABLE_BIT | VK_EXTERNAL_FENCE_FEATURE_IMPORTABLE_BIT;
    if (properties.externalFenceFeatures == both)
        return true;
    printf("%s: not supported\n", name);
    if (properties.externalFenceFeatures || properties.compatibleHandleTypes ||
        properties.exportFromImportedHandleTypes) {
        printf("%s: but the query is not all zero\n", name);
        abort();
    }
    return false;
}

static bool place_exists(enum place place)
{
    return place != SECOND_QUEUE || devices[0].queue_count > 1;
}

static size_t add_case(const struct matrix_case *base, size_t count, const bool supported[2])
{
    for (unsigned type = 0; type < (base->over & OVER_TYPES ? 2u : 1u); type++)
        for (unsigned temporary = 0; temporary < (base->over & OVER_PERMANENCE ? 2u : 1u); temporary++)
            for (unsigned place = 0; place < (base->over & OVER_PLACES ? (unsigned)PLACES : 1u); place++) {
                struct entry *entry = &entries[count];
                if (!supported[type] || !place_exists((enum place)place))
                    continue;
                if (++count == TESTS_MAX)
                    abort();
                entry->base = base;
                entry->config = (struct config){types[type], temporary, (enum place)place};
                snprintf(entry->name, sizeof entry->name, "%s: %s, %s, %s", base->name, type_names[type],
                         temporary ? "temporary" : "permanent", place_names[place]);
            }
    return count;
}

static int run(const char *suite, const struct matrix_case *cases, size_t case_count)
{
    static struct CMUnitTest tests[TESTS_MAX];
    bool supported[2];
    size_t count = 0;
    ntf_test_watchdog(60);
    host_open(&hosts[0]);
    device_open(&devices[0], &hosts[0]);
    for (unsigned i = 0; i < 2; i++)
        supported[i] = type_supported(types[i], type_names[i]);
    for (unsigned i = 0; i < PLACES; i++)
        if (!place_exists((enum place)i))
            printf("%s: not supported\n", place_names[i]);
    for (size_t i = 0; i < case_count; i++)
        count = add_case(&cases[i], count, supported);
    for (size_t i = 0; i < count; i++)
        tests[i] = (struct CMUnitTest){entries[i].name, entries[i].base->function, case_setup, case_teardown,
                                       &entries[i]};
    return ntf_test_run(suite, tests, count, suite_setup, suite_teardown);
}

int matrix_main(int argc, char **argv, const char *suite, const struct matrix_case *cases, size_t count)
{
    const char *role = ntf_test_role(argc, argv);
    if (!role)
        return run(suite, cases, count);
    return strcmp(role, "party") == 0 ? party_child() : 100;
}
