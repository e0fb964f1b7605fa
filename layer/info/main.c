/* SPDX-License-Identifier: Apache-2.0 */
/* ntfence-info: what this machine has, what the layer makes of it, and whether it works. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "info/parts.h"

enum { OK = 0, USAGE = 2, SECONDS = 60, SECONDS_MAX = 3600 };

static const char usage[] =
    "Usage: ntfence-info [--json] [--probe] [--timeout SECONDS]\n"
    "\n"
    "Says what this machine has for fences that are shared by NT handles, what the Vulkan layer ntfence makes of it,\n"
    "and whether it works: a fence is made, shared, imported into a VkFence on every device, signalled and waited for.\n"
    "\n"
    "  --json             the same as one JSON document; its keys are in JSON.md\n"
    "  --probe            instead of the Vulkan part: asks the graphics kernel the questions to which nobody has\n"
    "                     published the answers, for a report to the authors. Harmless; no names of users or folders\n"
    "  --timeout SECONDS  ends after so long at the latest (default 60), and says what it was waiting for\n"
    "  --help, --version\n"
    "\n"
    "Status: 0, the self-test has passed (--probe: all questions were asked); 1, it has not, or there was nothing to\n"
    "test; 2, these arguments are not understood.\n";

struct options {
    bool json, probe, help, version;
    unsigned seconds;
};

/* False: not understood. */
static bool read_seconds(const char *text, unsigned *seconds)
{
    char *end;
    const unsigned long value = text ? strtoul(text, &end, 10) : 0;

    if (!text || !*text || *end || value < 1 || value > SECONDS_MAX)
        return false;
    *seconds = (unsigned)value;
    return true;
}

static bool read_options(int argc, char **argv, struct options *options)
{
    *options = (struct options){ .seconds = SECONDS };
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            options->json = true;
        else if (strcmp(argv[i], "--probe") == 0)
            options->probe = true;
        else if (strcmp(argv[i], "--help") == 0)
            options->help = true;
        else if (strcmp(argv[i], "--version") == 0)
            options->version = true;
        else if (strcmp(argv[i], "--timeout") != 0 || !read_seconds(argv[++i], &options->seconds))
            return false;
    }
    return true;
}

/* The last lines, which are what most people read. */
static void conclude(const struct info_outcome *outcome)
{
    struct info_node *part = info_object(info_report(), NULL, "Verdict");

    if (outcome->passed > 0 && info_problems() == 0)
        info_note(part, "The self-test has passed on %u of %u devices: what it did there stands above.",
                  outcome->passed, outcome->devices);
    else
        info_note(part, "The self-test has not passed.");
    if (outcome->devices > 0 && !outcome->active)
        info_note(part, "Programs that are started like this one do not have the layer; why not stands above, under "
                        "its name.");
}

static int run(const struct options *options)
{
    struct ntf_settings settings;
    struct info_outcome outcome;

    info_print_as_json(options->json);
    info_watchdog_start(options->seconds);
    info_number(info_report(), "format", NULL, 1);
    info_system_part();
    if (options->probe)
        (void)ntf_settings_read(&settings); /* not told: they may name folders */
    else
        info_settings_part(&settings);
    info_part_done();
    info_kernel_part(&settings);
    info_part_done();
    if (options->probe) {
        info_probe_part(&settings);
        return info_finish(true);
    }
    outcome = info_vulkan_part(&settings);
    conclude(&outcome);
    return info_finish(outcome.passed > 0);
}

int main(int argc, char **argv)
{
    struct options options;

    if (!read_options(argc, argv, &options)) {
        fputs(usage, stderr);
        return USAGE;
    }
    if (options.help || options.version) {
        fputs(options.help ? usage : "ntfence-info " NTF_VERSION "\n", stdout);
        return OK;
    }
    return run(&options);
}
