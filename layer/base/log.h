/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages for people. A message is one line: a severity, a stable reason code ("NTF-IMPORT-003") and a sentence.
 * The log itself knows only where lines go; vulkan/ gives it a sink that reaches the application's messengers.
 * A line goes to the sink; if that did not take it, to the debugger or stderr; and always to the file, if one is set.
 */
#ifndef NTF_BASE_LOG_H
#define NTF_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/os/compiler.h"

enum ntf_severity { NTF_LOG_INFO, NTF_LOG_WARNING, NTF_LOG_ERROR };

struct ntf_log {
    /* Gives the line to somebody who wants it; returns whether anybody took it. NULL: nobody. Immutable after init. */
    bool (*sink)(void *context, enum ntf_severity severity, const char *code, const char *text);
    void *context;
    char path[512];             /* of the file, empty: none; immutable after init */
    enum ntf_severity fallback; /* the least severity that goes to the debugger or stderr when no sink took it */
};

/* Without a sink, warnings and errors go to the debugger or stderr. */
void ntf_log_init(struct ntf_log *log);

#define NTF_LOG_TEXT_BYTES 1536 /* longer text is cut and ends in "..." */

NTF_PRINTF(4, 5)
void ntf_log_write(struct ntf_log *log, enum ntf_severity severity, const char *code, const char *format, ...);

/* A bounded text that grows by printf, for a reason that is put together step by step. Never overflows. */
struct ntf_text {
    uint32_t length;
    char bytes[NTF_LOG_TEXT_BYTES];
};
void ntf_text_init(struct ntf_text *text);
NTF_PRINTF(2, 3)
void ntf_text_add(struct ntf_text *text, const char *format, ...);
/* Appends UTF-16 as printable UTF-8: what is not printable becomes \uXXXX, at most max_units code units. */
void ntf_text_add_utf16(struct ntf_text *text, const uint16_t *units, uint32_t max_units);

#endif /* NTF_BASE_LOG_H */
