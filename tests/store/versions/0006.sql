-- How well both were heard, by a relay that could not know all of it.
INSERT INTO leg_quality (serial, role, packets, lost, loss, jitter, round_trip, mos, was_silent) VALUES
    (105, 'agent', 1500, 3, 0.2, 4.5, NULL, 4.3, 0),
    (105, 'customer', 0, NULL, NULL, NULL, NULL, NULL, 1);
