"""The ladder of one call: what was asked of us, both legs' SIP messages, the machine's steps and webhooks on one axis.

* `values`: messages, captures, entries and the ladder itself;
* `noted`: a message while its call lives, and the way its secrets are taken out;
* `ports`: who captures while a call lives, who keeps a capture, who knows steps and deliveries;
* `keeping`: which captures are kept, and why one was not;
* `wording`: a SIP message in a few words;
* `merging`: entries from four sources in one order;
* `read_ladder`: the use case;
* `as_json`, `as_text`, `as_mermaid`, `as_svg`, `as_pcap`: pictures, pure functions of a ladder; `formats`: their list.
"""
