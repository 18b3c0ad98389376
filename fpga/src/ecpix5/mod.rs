//! The LambdaConcept ECPIX-5.
