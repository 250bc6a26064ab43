// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Words for why not, for rungs and for what a deed came to. The tables are the board's: all readers share them. */
#include "act.h"

#include <headroom/reader.h>

const char *act_why_word(enum hr_why why) { return hr_why_word(why); }
const char *act_rung_word(enum hr_rung rung) { return hr_rung_word(rung); }
const char *act_deed_word(enum hr_deed deed) { return hr_deed_word(deed); }
