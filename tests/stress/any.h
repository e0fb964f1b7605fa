// SPDX-License-Identifier: Apache-2.0
// Mixed wait-any, in many rounds; in a world that is open.
#ifndef NTF_TEST_STRESS_ANY_H
#define NTF_TEST_STRESS_ANY_H

void ended_by_import(void **state);
void ended_by_plain(void **state);

#endif
