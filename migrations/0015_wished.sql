-- Who was to have a call-back before others; the first of them where there were several. NULL: nobody, or of before.
ALTER TABLE promises ADD COLUMN wished TEXT;
