//! What cannot be translated is an error that points at the offending text and says what to write instead.

use quote::ToTokens;
use syn::spanned::Spanned;

/// Translates a kernel whose body is `body`; gives the error's message and the text it points at.
fn refusal(body: &str) -> (String, String) {
    let method = syn::parse_str(&format!("fn update(&mut self) {{ {body} }}")).expect("the case is Rust");
    told(crate::kernel_of(method), body)
}

fn told(result: syn::Result<proc_macro2::TokenStream>, case: &str) -> (String, String) {
    match result {
        Ok(_) => panic!("accepted: {case}"),
        Err(e) => (e.to_string(), e.span().source_text().unwrap_or_default()),
    }
}

#[test]
fn refusals_point_at_the_text_and_name_the_remedy() {
    let cases: &[(&str, &str, &str)] = &[
        ("let x = 1; return;", "return", "tail of `if`/`else`"),
        ("while self.a.val() { }", "while self.a.val() { }", "for i in 0..N"),
        ("loop { }", "loop { }", "state machine"),
        ("for i in 0..3 { break; }", "break", "guard the rest with `if`"),
        ("for x in list { }", "list", "range of numbers"),
        ("let f = |x| x;", "|x| x", "#[kernel_fn]"),
        ("let x = &self.a;", "&self.a", "pass values"),
        ("let x = self.a.val().swap();", "swap", "write a #[kernel_fn] and call `swap(x)`"),
        ("let x = Beat::empty();", "Beat::empty()", "free #[kernel_fn]"),
        ("match self.a.val() { x if x == 1 => {}, _ => {} }", "x == 1", "put an `if` into the arm"),
        ("match self.a.val().index() { other => {} }", "other", "use `_` here"),
        ("match self.a.val().index() { 0..=3 => {}, _ => {} }", "0..=3", "list the values"),
        ("if let Some(x) = y { }", "let Some(x) = y", "use `match`"),
        ("let Some(x) = y else { x };", "{ x }", "use `if` or `match`"),
        ("self.a.next.field = 1;", "self.a.next.field", "assigned whole"),
        ("let x = self.a.val() as Bits8;", "self.a.val() as Bits8", "bit_cast, resize or from_bool"),
        ("let x = -self.a.val();", "-self.a.val()", "0 - x"),
        ("println!(\"x\");", "println!(\"x\")", "setup_on!, clocks!, clocks_on!, hold!, join! and forward!"),
        ("let x = \"text\";", "\"text\"", "integer and bool literals"),
        ("let x;", "let x;", "let mut x = ...;"),
        ("let State { a, b } = self.s.q.val();", "State { a, b }", ".field"),
        ("let mut x = self.a.val(); x.set_bit(1, true);", "set_bit", "replace_bit"),
        ("let x = y.val();", "y.val()", "`self.signal.val()`"),
        ("fn inner() {}", "fn inner() {}", "move it out"),
    ];
    for (body, at, remedy) in cases {
        let (message, pointed) = refusal(body);
        assert!(message.contains(remedy), "{body}: {message}");
        assert_eq!(&pointed, at, "{body}: {message}");
    }
}

#[test]
fn kernel_goes_on_update_only() {
    let method: syn::ImplItemFn = syn::parse_quote!(
        fn other(&mut self) {}
    );
    assert!(told(crate::kernel_of(method), "other").0.contains("fn update(&mut self)"));
}

#[test]
fn kernel_functions_take_values() {
    for (text, at, remedy) in [
        ("fn f(self) -> bool { true }", "self", "ordinary argument"),
        ("fn f(x: &Bits<8>) -> bool { true }", "&Bits<8>", "take and return values"),
        ("fn f(x: Bits<8>) -> bool { if x.any() { return true; } false }", "return true", "tail of `if`/`else`"),
    ] {
        let function = syn::parse_str(text).expect("the case is Rust");
        let (message, pointed) = told(crate::function::function_of(function), text);
        assert!(message.contains(remedy), "{text}: {message}");
        assert_eq!(pointed, at, "{text}: {message}");
    }
}

#[test]
fn derives_refuse_the_wrong_shape() {
    for (text, remedy) in [
        ("enum E { A(u8) }", "variants cannot have fields"),
        ("enum E { A = 3 }", "codes cannot be chosen"),
        ("struct S { a: bool }", "use Record"),
        ("union U { a: u8 }", "Encoding is for enums"),
    ] {
        let input = syn::parse_str(text).expect("the case is Rust");
        assert!(told(crate::encoding::encoding_of(&input), text).0.contains(remedy), "{text}");
    }
    for (text, remedy) in [
        ("struct S(u8);", "give the fields names"),
        ("enum E { A }", "use Encoding"),
        ("struct S {}", "at least one field"),
    ] {
        let input = syn::parse_str(text).expect("the case is Rust");
        assert!(told(crate::record::record_of(&input), text).0.contains(remedy), "{text}");
    }
}

#[test]
fn the_simulated_body_keeps_its_text() {
    let method: syn::ImplItemFn = syn::parse_quote! {
        fn update(&mut self) { let mut x = self.a.val(); x = x + 1; self.b.next = x; }
    };
    let before = method.block.to_token_stream().to_string();
    assert!(method.span().source_text().is_none() || !before.is_empty());
    let after = crate::kernel_of(method).expect("translates").to_string();
    assert!(after.contains(&before), "{after}");
}
