// SPDX-License-Identifier: Apache-2.0
/*
 * Cases and where they run: for each handle type, temporarily and permanently, with the importer in each place. A type
 * or place that the driver does not have is named, and its cases are not there.
 */
#ifndef NTF_TEST_CONFORMANCE_MATRIX_H
#define NTF_TEST_CONFORMANCE_MATRIX_H

#include "party.h"

enum place { SAME_DEVICE, SECOND_QUEUE, SECOND_DEVICE, SECOND_INSTANCE, SECOND_PROCESS, PLACES };

struct config {
    VkExternalFenceHandleTypeFlagBits type;
    bool temporary;
    enum place place;
};

/* Of the running case. The exporter is always in the same place; of a queue, a device or an instance of its own is the
 * importer, or it is the same party. */
extern struct config config;
extern struct party *exporter, *importer;

static inline bool is_kmt(void)
{
    return config.type == VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT;
}
static inline VkFenceImportFlags import_flags(void)
{
    return config.temporary ? VK_FENCE_IMPORT_TEMPORARY_BIT : 0;
}
// The instance and the device of the exporter.
struct host *first_host(void);
struct device *first_device(void);
struct device *second_device(void);
// Called once at the end of the suite; NULL: nothing. For what a suite has made for itself.
extern void (*matrix_end)(void);

enum { // over what a case runs
    OVER_TYPES = 1,
    OVER_PERMANENCE = 2, // else permanent
    OVER_PLACES = 4,     // else on the same device
    OVER_ALL = OVER_TYPES | OVER_PERMANENCE | OVER_PLACES,
};

struct matrix_case {
    const char *name;
    CMUnitTestFunction function;
    unsigned over;
};
#define CASE(function, over) {#function, function, over}

// The main of a suite. What it returns is the exit status.
int matrix_main(int argc, char **argv, const char *suite, const struct matrix_case *cases, size_t count);

#endif
