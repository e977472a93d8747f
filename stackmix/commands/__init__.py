"""The commands, a module each: thin fronts over the library, which import what they need when they are called."""
