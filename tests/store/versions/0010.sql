-- Schema 0010: signing keys are sealed. This one by the test's sealer: its label, a zero, the key.
INSERT INTO signing_key (key_id, sealed, created_at) VALUES ('k2', x'7369676e696e67206b6579206b3200000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 1621823000000);
