// SPDX-License-Identifier: Apache-2.0
// The part of a child that each platform writes for itself (posix.c, win32.c).
#ifndef NTF_TEST_PROCESS_H
#define NTF_TEST_PROCESS_H

#include "ntf_test.h"

// argv ends with NULL and holds the role and the arguments, not the program.
struct ntf_child *ntf_os_child_start(char *const argv[]);

// One whole line, without its end. False: the other side is gone.
bool ntf_os_child_send(struct ntf_child *child, const char *line, size_t length);
bool ntf_os_parent_send(const char *line, size_t length);

#define NTF_ROLE_SWITCH "--ntf-role"

#endif
