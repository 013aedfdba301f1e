// SPDX-License-Identifier: GPL-2.0
#include "atr.h"
int atr_parse(struct atr *a, const u8 *b, size_t len)
{ size_t i=2; u8 t0; memset(a,0,sizeof(*a)); if (len<2||len>33) return -EINVAL; memcpy(a->bytes,b,len); a->len=len; t0=b[1];
 for(;;){ u8 td; if(t0&0x10)i++; if(t0&0x20)i++; if(t0&0x40)i++; if(!(t0&0x80)) break; if(i>=len) break; td=b[i++]; a->protocols|=1u<<(td&15); t0=td;} if(!(a->protocols&0x7fff)) a->protocols|=1; return 0; }
