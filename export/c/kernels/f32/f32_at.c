/* A place in the arena. */
static float *kernel_f32_at(unsigned char *arena, long place) { return (float *)(void *)(arena + place); }
