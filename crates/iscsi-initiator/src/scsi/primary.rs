//! Commands of all device types (SPC-4).

mod test_unit_ready;

pub use test_unit_ready::TestUnitReady;
