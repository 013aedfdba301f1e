// SPDX-License-Identifier: GPL-2.0
#include "ccid_msg.h"
void ccid_msg_put_header(u8 *b, u8 type, u32 len, u8 slot, u8 seq, const u8 p[3])
{ b[0]=type; b[1]=len; b[2]=len>>8; b[3]=len>>16; b[4]=len>>24; b[5]=slot; b[6]=seq; memcpy(b+7,p,3); }
int ccid_msg_parse(struct ccid_answer *a, const u8 *b, size_t len)
{
	if (!len) return -EAGAIN;
	if (len < 10 || get_le32_(b+1) != len - 10) return -EPROTO;
	a->type=b[0]; a->slot=b[5]; a->seq=b[6]; a->icc_status=b[7]&3; a->cmd_status=b[7]>>6; a->error=b[8]; a->chain=b[9]; a->data=b+10; a->len=len-10; return 0;
}
int ccid_error_to_errno(u8 icc, u8 error) { if (icc == 2) return -ENOMEDIUM; if (error == 0xfe) return -EREMOTEIO; if (!error) return -EOPNOTSUPP; return -EIO; }
u8 ccid_expected_answer(u8 t) { switch (t) { case 0x62: case 0x6f: case 0x69: return 0x80; case 0x6c: case 0x6d: case 0x61: return 0x82; case 0x6b: return 0x83; case 0x73: return 0x84; default: return 0x81; } }
int ccid_notify_parse(struct ccid_notify *n, const u8 *b, size_t len, unsigned int nslots)
{ unsigned int i; n->changed=n->present=0; if (len < 2 || b[0]!=0x50) return -EPROTO;
 for (i=0;i<nslots && 1+i/4<len;i++) { u8 v=b[1+i/4]>>(2*(i%4)); if (v&1) n->present|=1u<<i; if (v&2) n->changed|=1u<<i; } return 0; }
