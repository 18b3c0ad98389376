//! The card as a process, and the driver's transport that reaches it: what a kernel's VFIO would do with a real card,
//! done with a simulated one, over the same code above the bus (issue "the card", line 8).

#[path = "card/memory.rs"]
mod memory;
#[path = "card/opening.rs"]
mod opening;
#[path = "card/program.rs"]
mod program;
#[path = "card/rig.rs"]
mod rig;
#[path = "card/transfers.rs"]
mod transfers;
