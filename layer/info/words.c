/* SPDX-License-Identifier: Apache-2.0 */
#include "info/words.h"

#include <stdio.h>

#include "ntfence.h"

struct info_words info_status_words(ntf_status status)
{
    const char *name = ntf_status_name(status);
    struct info_words words;

    if (name[0] == '0') /* the name of a listed status begins with its number */
        (void)snprintf(words.text, sizeof words.text, "%.60s", name);
    else
        (void)snprintf(words.text, sizeof words.text, "0x%08X", (unsigned)status);
    return words;
}

#define RESULTS(X)                                                                                                     \
    X(VK_SUCCESS) X(VK_NOT_READY) X(VK_TIMEOUT) X(VK_EVENT_SET) X(VK_EVENT_RESET) X(VK_INCOMPLETE)                     \
    X(VK_ERROR_OUT_OF_HOST_MEMORY) X(VK_ERROR_OUT_OF_DEVICE_MEMORY) X(VK_ERROR_INITIALIZATION_FAILED)                  \
    X(VK_ERROR_DEVICE_LOST) X(VK_ERROR_MEMORY_MAP_FAILED) X(VK_ERROR_LAYER_NOT_PRESENT)                                \
    X(VK_ERROR_EXTENSION_NOT_PRESENT) X(VK_ERROR_FEATURE_NOT_PRESENT) X(VK_ERROR_INCOMPATIBLE_DRIVER)                  \
    X(VK_ERROR_TOO_MANY_OBJECTS) X(VK_ERROR_FORMAT_NOT_SUPPORTED) X(VK_ERROR_FRAGMENTED_POOL) X(VK_ERROR_UNKNOWN)      \
    X(VK_ERROR_OUT_OF_POOL_MEMORY) X(VK_ERROR_INVALID_EXTERNAL_HANDLE)

struct info_words info_result_words(int32_t result)
{
    struct info_words words;
    const char *name = NULL;

#define NAME(value)                                                                                                    \
    case value: name = #value; break;
    switch (result) {
        RESULTS(NAME)
    default: break;
    }
#undef NAME
    if (name)
        (void)snprintf(words.text, sizeof words.text, "%s", name);
    else
        (void)snprintf(words.text, sizeof words.text, "VkResult %d", (int)result);
    return words;
}

struct info_words info_time_words(uint64_t nanoseconds)
{
    const double ns = (double)nanoseconds;
    struct info_words words;

    if (nanoseconds < 1000)
        (void)snprintf(words.text, sizeof words.text, "%u ns", (unsigned)nanoseconds);
    else if (nanoseconds < 1000000)
        (void)snprintf(words.text, sizeof words.text, "%.1f us", ns / 1e3);
    else if (nanoseconds < 1000000000)
        (void)snprintf(words.text, sizeof words.text, "%.1f ms", ns / 1e6);
    else
        (void)snprintf(words.text, sizeof words.text, "%.2f s", ns / 1e9);
    return words;
}

struct info_words info_version_words(uint32_t version)
{
    struct info_words words;

    (void)snprintf(words.text, sizeof words.text, "%u.%u.%u", VK_API_VERSION_MAJOR(version),
                   VK_API_VERSION_MINOR(version), VK_API_VERSION_PATCH(version));
    return words;
}
