// SPDX-License-Identifier: Apache-2.0
// With an instance that is open, and no device.
#ifndef NTF_TEST_NEIGHBOURS_MANY_H
#define NTF_TEST_NEIGHBOURS_MANY_H

void many_devices(void **state);
void many_instances(void **state);

#endif
