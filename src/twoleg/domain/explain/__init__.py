"""Explaining a call: what happened, to whom, on whose side it lies, and whether another try makes sense.

The rules are data: `situations` (how a call stands or ended), `statuses` (what a SIP status says where no Q.850 cause
was given), `about_phones`, `about_networks` and `about_messages` (every Q.850 cause). `explain` looks them up, `page`
renders them as `docs/explain.md`.
"""
