"""`twoleg demo`: a service of its own, real calls over SIP through it, and a look at what it says about them."""
