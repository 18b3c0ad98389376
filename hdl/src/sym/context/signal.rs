//! Signals by path: what a kernel may read and drive.

use super::{Context, Kind};
use crate::emit::interface::Role;
use crate::sym::node::{NodeId, VarId};

impl Context {
    /// Looks a signal up by its path.
    pub(crate) fn signal(&self, raw: &str) -> VarId {
        match self.interface.by_raw.get(raw) {
            Some(position) => *position,
            None => self.fail(format!("no signal `{}`", raw.replace('$', "."))),
        }
    }

    /// The value of a signal, where a kernel may read it.
    pub(crate) fn read(&mut self, raw: &str) -> NodeId {
        let var = self.signal(raw);
        let path = raw.replace('$', ".");
        match self.vars[var].kind {
            Kind::Signal(_, Role::ChildIn) => {
                self.fail(format!("`{path}` is an input of a child: read the value you drive it with instead"))
            }
            Kind::Signal(_, Role::OwnOut | Role::Local) if !self.assigned.contains(&var) => {
                self.fail(format!("`{path}` is read before it is assigned on every path"))
            }
            _ => self.refer(var),
        }
    }

    /// Assigns a signal.
    pub(crate) fn drive(&mut self, raw: &str, value: NodeId) {
        let var = self.signal(raw);
        let path = raw.replace('$', ".");
        match self.vars[var].kind {
            Kind::Signal(_, Role::OwnIn) => {
                self.fail(format!("`{path}` is an input of this block: it cannot be assigned"))
            }
            Kind::Signal(_, Role::ChildOut) => {
                self.fail(format!("`{path}` is an output of a child: it cannot be assigned"))
            }
            _ => {}
        }
        self.assign(var, value);
        self.assigned.insert(var);
        self.touched.insert(var);
    }
}
