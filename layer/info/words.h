/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in the words that people look up. */
#ifndef NTF_INFO_WORDS_H
#define NTF_INFO_WORDS_H

#include <stdint.h>

#include "kmt/ntstatus.h"

struct info_words {
    char text[64];
};
/* "0xC0000002 NOT_IMPLEMENTED"; of one that is not listed the number alone. */
struct info_words info_status_words(ntf_status status);
/* "VK_ERROR_DEVICE_LOST", else "VkResult -1000". */
struct info_words info_result_words(int32_t result);
/* "3.4 us": never more digits than were measured. */
struct info_words info_time_words(uint64_t nanoseconds);
/* "1.3.230" of a version of Vulkan. */
struct info_words info_version_words(uint32_t version);

#endif /* NTF_INFO_WORDS_H */
