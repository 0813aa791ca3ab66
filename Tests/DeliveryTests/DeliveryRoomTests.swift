// The tests that run a whole room. One after the other: they look at times and count connections.

import Testing

@Suite(.serialized, .timeLimit(.minutes(1))) struct DeliveryRoomTests {}
