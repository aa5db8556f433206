"""Low-light image enhancement with knowledge distillation, in JAX and Flax."""
