//! A fault put into the Verilog on purpose, to see whether a test notices.
//!
//! `cargo xtask mutate` names a file in the environment. Every text that is built or checked then has the fault, if it
//! has the place; without the variable nothing happens.

use serde_json::Value;
use std::path::{Path, PathBuf};

/// Names the file: a JSON object with `from`, a part of a text, `to`, what stands there instead, and, where every place
/// that looks so is meant, `every`.
pub const VARIABLE: &str = "STEVEDORE_MUTANT";
/// Appended to that name: a file that exists once the fault was put into a text.
pub const MARK: &str = ".found";
/// Folder beside that file: models of texts with the fault.
const MODELS: &str = "models";

/// The text, with the fault if one is asked for and `from` occurs in it; and where models of such a text are kept,
/// which nobody will ask for again: beside the description, for whoever wrote that to remove.
pub fn put_into(text: String) -> (String, Option<PathBuf>) {
    let Some(path) = std::env::var_os(VARIABLE) else { return (text, None) };
    let changed = put(text.clone(), Path::new(&path));
    let is_new = changed != text;
    (changed, is_new.then(|| Path::new(&path).with_file_name(MODELS)))
}

/// # Panics
/// If the file is no description of a fault, or the place occurs more than once: nobody would know which one is meant.
fn put(text: String, path: &Path) -> String {
    let description = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let fault: Value = serde_json::from_str(&description).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let part = |name: &str| fault[name].as_str().unwrap_or_else(|| panic!("{}: no \"{name}\"", path.display()));
    let (from, to) = (part("from"), part("to"));
    let every = fault["every"] == true;
    match text.matches(from).count() {
        0 => text,
        count if count == 1 || every => {
            let mut mark = path.as_os_str().to_owned();
            mark.push(MARK);
            std::fs::write(&mark, "").unwrap_or_else(|error| panic!("{}: {error}", mark.display()));
            text.replace(from, to)
        }
        several => panic!("{several} places look like this one: {from}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_put_where_its_place_is() {
        let directory = std::env::temp_dir().join(format!("mutant-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let path = directory.join("fault.json");
        std::fs::write(&path, r#"{"from": "a && b", "to": "a || b"}"#).unwrap();
        let mark = directory.join("fault.json.found");
        assert_eq!(put("assign c = a & b;".into(), &path), "assign c = a & b;");
        assert!(!mark.exists());
        assert_eq!(put("assign c = a && b;".into(), &path), "assign c = a || b;");
        assert!(mark.exists());
        std::fs::remove_dir_all(directory).unwrap();
    }
}
