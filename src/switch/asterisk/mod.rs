//! Asterisk, driven from outside over its manager interface (AMI) with async AGI.

pub mod ami;
