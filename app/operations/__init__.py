"""The operations that every resource has, made from its declaration. A resource is declared, not copied."""
