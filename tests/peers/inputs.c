/* SPDX-License-Identifier: Apache-2.0 */
#include "inputs.h"

#include "base/os/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MISMATCH NTF_STATUS_OBJECT_TYPE_MISMATCH

const struct answer answer_foreign = {NTF_E_WRONG_OBJECT, STEPS_HANDLE, MISMATCH, NULL,
                                      "NTF-IMPORT-002"};
const struct answer answer_denied = {NTF_E_ACCESS_DENIED, STEPS_HANDLE, NTF_STATUS_ACCESS_DENIED,
                                     NULL, "NTF-IMPORT-009"};
const struct answer answer_malformed = {NTF_E_BAD_NAME, "name", NTF_STATUS_OBJECT_NAME_INVALID, "",
                                        "NTF-IMPORT-004"};
const struct answer answer_unknown = {NTF_E_NOT_FOUND, STEPS_NAME, NTF_STATUS_OBJECT_NAME_NOT_FOUND,
                                      "", "NTF-IMPORT-003"};
const struct answer answer_foreign_name = {NTF_E_WRONG_OBJECT, STEPS_NAME, MISMATCH, "",
                                           "NTF-IMPORT-002"};
const struct answer answer_named_stranger = {NTF_E_WRONG_OBJECT, STEPS_NAMED, MISMATCH, NULL,
                                             "NTF-IMPORT-002"};
const struct answer answer_named_denied = {NTF_E_ACCESS_DENIED, STEPS_NAMED,
                                           NTF_STATUS_ACCESS_DENIED, NULL, "NTF-IMPORT-009"};
const struct answer answer_denied_name = {NTF_E_ACCESS_DENIED, STEPS_NAME, NTF_STATUS_ACCESS_DENIED,
                                          "", "NTF-IMPORT-009"};

/* ---- headers ---- */

enum spoil {
    MAGIC,
    MAJOR,
    SIZE,
    NOTHING_WRITTEN,
    KIND_0,
    KIND_6,
    KIND_8,
    KIND_MOST,
    LEGACY_1,
    LEGACY_4,
    SPOILS
};
static const uint32_t kinds[SPOILS] = {5, 5, 5, 5, 0, 6, 8, UINT32_MAX, 1, 4};

static bool forge(struct given *given, int spoil)
{
    static const uint8_t id[16] = {7};
    struct ntf_page *page;
    struct ntf_page_header header = {0};

    given->handle = inputs_page(&page);
    header.magic = NTF_PAGE_MAGIC + (spoil == MAGIC);
    header.major = (uint16_t)(NTF_PAGE_MAJOR + (spoil == MAJOR));
    header.size_bytes = spoil == SIZE ? 2 * NTF_PAGE_BYTES : NTF_PAGE_BYTES;
    header.flags = NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING;
    memcpy(header.id, id, sizeof id);
    header.kind = kinds[spoil];
    if (spoil != NOTHING_WRITTEN)
        memcpy((void *)page, &header, sizeof header);
    inputs_unmap(page);
    return true;
}

/* ---- names ---- */

void inputs_name(struct given *given)
{
    char text[64];
    uint64_t random = 0;

    if (!ntf_os_random(&random, sizeof random))
        abort();
    (void)snprintf(text, sizeof text, "NtfInput-%016llx", (unsigned long long)random);
    for (size_t i = 0; i < sizeof text; i++)
        given->name[i] = (char16_t)(unsigned char)text[i];
}

static const char *const bad_names[] = {"",
                                        "Local\\",
                                        "Global\\",
                                        "global\\local\\x",
                                        "Local\\a\\b",
                                        "\\x",
                                        "x\\",
                                        "\\BaseNamedObjects\\x",
                                        "Session\\1\\x",
                                        "\\\\.\\pipe\\x",
                                        "\\Sessions\\1\\BaseNamedObjects\\x"};

static bool bad_name(struct given *given, int i)
{
    for (size_t at = 0; at <= strlen(bad_names[i]); at++)
        given->name[at] = (char16_t)bad_names[i][at];
    return true;
}

/* As many units, behind the random ones. */
static bool long_name(struct given *given, int units)
{
    inputs_name(given);
    for (int i = 0; i < units; i++)
        if (i > 24)
            given->name[i] = u'x';
    given->name[units] = 0;
    return true;
}

#define BAD(i)                                                                                     \
    {                                                                                              \
        "a malformed name", &answer_malformed, "", bad_name, NULL, i                               \
    }

static const struct input everywhere[] = {
    {"another magic", &answer_foreign, "(magic)", forge, NULL, MAGIC},
    {"nothing written", &answer_foreign, "(magic)", forge, NULL, NOTHING_WRITTEN},
    {"another major", &answer_foreign, "(major version)", forge, NULL, MAJOR},
    {"another size in the header", &answer_foreign, "another size", forge, NULL, SIZE},
    {"kind 0", &answer_foreign, "unknown kind", forge, NULL, KIND_0},
    {"kind 6", &answer_foreign, "unknown kind", forge, NULL, KIND_6},
    {"kind 8", &answer_foreign, "unknown kind", forge, NULL, KIND_8},
    {"the largest kind", &answer_foreign, "unknown kind", forge, NULL, KIND_MOST},
    {"a mutex of D3DKMT", &answer_foreign, "legacy", forge, NULL, LEGACY_1},
    {"a CPU notification", &answer_foreign, "legacy", forge, NULL, LEGACY_4},
    BAD(0),
    BAD(1),
    BAD(2),
    BAD(3),
    BAD(4),
    BAD(5),
    BAD(6),
    BAD(7),
    BAD(8),
    BAD(9),
    BAD(10),
    {"the longest name", &answer_unknown, "", long_name, NULL, 260},
    {"a name too long by one", &answer_malformed, "", long_name, NULL, 261},
    {"a name much too long", &answer_malformed, "", long_name, NULL, 599},
};

#define EVERYWHERE (unsigned)(sizeof everywhere / sizeof everywhere[0])

unsigned inputs_count(void)
{
    return EVERYWHERE + inputs_os_count;
}

const struct input *inputs_get(unsigned i)
{
    return i < EVERYWHERE ? &everywhere[i] : &inputs_os[i - EVERYWHERE];
}
