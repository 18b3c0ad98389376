//! A built model's shared object: loaded once, its functions looked up once.

use anyhow::{Context, Result};
use std::collections::HashMap;
use std::ffi::{c_char, c_void, CStr};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// The C++ object; only its shared object knows what is inside.
pub type Instance = c_void;

/// A port as the shim's table lists it.
#[repr(C)]
struct CPort {
    name: *const c_char,
    width: u32,
    output: u32,
}

/// A port of a loaded model.
pub struct PortInfo {
    pub name: String,
    pub width: u32,
    pub output: bool,
}

/// The functions `shim.rs` writes, under the names they have there.
pub struct Library {
    /// Different for every loaded shared object.
    pub number: u32,
    pub ports: Vec<PortInfo>,
    pub new: unsafe extern "C" fn(*const c_char, u64, u64, u32, u32) -> *mut Instance,
    pub addresses: unsafe extern "C" fn(*mut Instance, *mut *mut c_void),
    pub eval: unsafe extern "C" fn(*mut Instance),
    pub sample: unsafe extern "C" fn(*mut Instance),
    pub step: unsafe extern "C" fn(*mut Instance),
    pub delete: unsafe extern "C" fn(*mut Instance),
}

/// Loads `path`, or finds it loaded. A shared object is never unloaded: the C++ run-time library registers destructors
/// for thread-local values in it, which would outlive the code they call.
pub fn load(path: &Path) -> Result<&'static Library> {
    static LOADED: Mutex<Option<HashMap<PathBuf, &'static Library>>> = Mutex::new(None);
    let mut loaded = LOADED.lock().expect("loading does not panic");
    let loaded = loaded.get_or_insert_default();
    if let Some(library) = loaded.get(path) {
        return Ok(library);
    }
    let library = open(path, loaded.len() as u32).with_context(|| format!("cannot load {}", path.display()))?;
    let library: &'static Library = Box::leak(Box::new(library));
    loaded.insert(path.to_path_buf(), library);
    Ok(library)
}

fn open(path: &Path, number: u32) -> Result<Library> {
    // SAFETY: the shared object comes from our own cache, where only `compile.rs` puts files; its initialisers are
    // those of Verilator's run-time library, which need nothing from us.
    let object: &'static libloading::Library = Box::leak(Box::new(unsafe { libloading::Library::new(path)? }));
    // SAFETY: each symbol is defined in `shim.rs` with C linkage and exactly the type of the field it is stored in
    // (`stevedore_ports` with the type named here), and stays loaded for ever.
    unsafe {
        let ports: unsafe extern "C" fn() -> *const CPort = *object.get(b"stevedore_ports")?;
        Ok(Library {
            number,
            ports: read_ports(ports()),
            new: *object.get(b"stevedore_new")?,
            addresses: *object.get(b"stevedore_addresses")?,
            eval: *object.get(b"stevedore_eval")?,
            sample: *object.get(b"stevedore_sample")?,
            step: *object.get(b"stevedore_step")?,
            delete: *object.get(b"stevedore_delete")?,
        })
    }
}

/// # Safety
/// `table` points at port entries, the last of which has a null name.
unsafe fn read_ports(table: *const CPort) -> Vec<PortInfo> {
    let mut ports = Vec::new();
    let mut next = table;
    // SAFETY: by the contract above every entry up to the one with the null name can be read, and every other name is
    // a C string.
    unsafe {
        while !(*next).name.is_null() {
            let name = CStr::from_ptr((*next).name).to_string_lossy().into_owned();
            ports.push(PortInfo { name, width: (*next).width, output: (*next).output != 0 });
            next = next.add(1);
        }
    }
    ports
}
