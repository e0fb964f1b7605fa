/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the report: a tree as text, and as JSON, on the standard output. The caller holds the report's lock. */
#ifndef NTF_INFO_PRINT_H
#define NTF_INFO_PRINT_H

#include "info/report.h"

void info_print_json(const struct info_node *root);
/* One child of the root, with a heading. */
void info_print_part(const struct info_node *part);

#endif /* NTF_INFO_PRINT_H */
